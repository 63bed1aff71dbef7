package dev.hindsight.opencl;

import dev.hindsight.engine.DeviceException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleFunction;

/**
 * Which tile a matrix product is computed in. Bits do not depend on it, so it may be chosen by the
 * clock: the first large product of a {@link Kind} tries the tiles that the device has room for,
 * and the quickest is kept on disk, in {@link TunedTiles}. A small product takes the largest of the
 * usual tiles with which every compute unit has work.
 */
final class Tiles {
  private static final List<Tile> GPU =
      List.of(
          new Tile(128, 128, 16, 8, 8),
          new Tile(128, 256, 8, 8, 16),
          new Tile(256, 128, 8, 16, 8),
          new Tile(128, 128, 8, 8, 8),
          new Tile(64, 128, 16, 4, 8),
          new Tile(64, 64, 16, 4, 4),
          new Tile(32, 32, 16, 4, 4));

  private static final List<Tile> USUAL =
      List.of(new Tile(128, 128, 16, 8, 8), new Tile(64, 64, 16, 4, 4), new Tile(32, 32, 16, 4, 4));

  /** Products with fewer operations are not worth a measurement. */
  private static final double LARGE = 1 << 28;

  /** Of products with more operations a part is measured: some milliseconds on a large GPU. */
  private static final double LARGEST_ON_GPU = 1L << 38;

  private static final double LARGEST_ON_CPU = 1L << 31;

  /** A candidate is run again as long as it takes no longer than this, relative to the best. */
  private static final double PROMISING = 1.2;

  private static final int RUNS = 4;

  private final Device device;
  private final List<Tile> candidates;
  private final List<Tile> usual;
  private final TunedTiles file;
  private final Map<String, Tile> tuned = new TreeMap<>();

  /** A product that can be computed in any tile. */
  interface Trial extends AutoCloseable {
    void run(Tile tile);

    @Override
    void close();
  }

  /**
   * What products have in common that are computed in the same tile: along which axes the operands'
   * neighbours lie, and sizes to the nearest power of two.
   */
  record Kind(
      boolean aAlongK, boolean bAlongK, boolean vector, long m, long n, long k, long batch) {
    double operations() {
      return 2.0 * m * n * k * batch;
    }

    /** As in {@code nt-vector-4096-1024-1024-1}. */
    @Override
    public String toString() {
      return (aAlongK ? "n" : "t")
          + (bAlongK ? "t" : "n")
          + (vector ? "-vector-" : "-single-")
          + nearest(m)
          + "-"
          + nearest(n)
          + "-"
          + nearest(k)
          + "-"
          + nearest(batch);
    }

    private static long nearest(long size) {
      return 1L << Math.round(Math.log(Math.max(1, size)) / Math.log(2));
    }
  }

  Tiles(Device device) {
    this.device = device;
    this.candidates = GPU.stream().filter(t -> t.fits(device.info())).toList();
    this.usual = USUAL.stream().filter(t -> t.fits(device.info())).toList();
    this.file = new TunedTiles(device.info());
    tuned.putAll(file.read(candidates));
  }

  /**
   * The tile for products of this kind.
   *
   * @param trial gives such a product of at most so many operations
   */
  Tile choose(Kind kind, DoubleFunction<Trial> trial) {
    if (kind.operations() < LARGE) {
      return usual(kind);
    }
    synchronized (device) {
      Tile tile = tuned.get(kind.toString());
      if (tile == null) {
        boolean cpu = device.info().type().equals("cpu");
        try (Trial t = trial.apply(cpu ? LARGEST_ON_CPU : LARGEST_ON_GPU)) {
          tile = quickest(t);
        } catch (DeviceException noRoom) {
          return usual(kind); // for the trial, but perhaps for the product
        }
        tuned.put(kind.toString(), tile);
        file.add(kind.toString(), tile);
      }
      return tile;
    }
  }

  /** The largest tile with which every compute unit has a group, else the smallest. */
  private Tile usual(Kind kind) {
    for (Tile tile : usual) {
      if (kind.batch * tile.groups(kind.m, kind.n) >= device.info().computeUnits()) {
        return tile;
      }
    }
    return usual.getLast();
  }

  private Tile quickest(Trial trial) {
    Tile best = usual.getLast();
    double least = Double.POSITIVE_INFINITY;
    for (Tile tile : candidates) {
      try {
        trial.run(tile); // compiles
        double seconds = seconds(trial, tile);
        for (int run = 1; run < RUNS && seconds < PROMISING * least; run++) {
          seconds = Math.min(seconds, seconds(trial, tile));
        }
        if (seconds < least) {
          best = tile;
          least = seconds;
        }
      } catch (DeviceException e) {
        if (e.reason() != DeviceException.Reason.REFUSED) {
          throw e;
        } // else it has fewer registers than a group of this size needs
      }
    }
    return best;
  }

  private double seconds(Trial trial, Tile tile) {
    device.finish();
    long start = System.nanoTime();
    trial.run(tile);
    device.finish();
    return 1e-9 * (System.nanoTime() - start);
  }
}
