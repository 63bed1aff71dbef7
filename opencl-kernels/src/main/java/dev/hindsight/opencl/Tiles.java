package dev.hindsight.opencl;

import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.DeviceException.Reason;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleFunction;

/**
 * Which tile a matrix product is computed in. Bits do not depend on it, so it may be chosen by the
 * clock: the first large product of a {@link Kind} tries the tiles that the device has room for,
 * and the quickest is kept on disk, in {@link TunedTiles}. A smaller product takes a usual one.
 */
final class Tiles {
  static final List<Tile> GPU =
      List.of(
          new Tile(128, 128, 16, 8, 8),
          new Tile(128, 256, 8, 8, 16),
          new Tile(256, 128, 8, 16, 8),
          new Tile(128, 128, 8, 8, 8),
          new Tile(64, 128, 16, 4, 8),
          new Tile(64, 64, 16, 4, 4),
          new Tile(32, 32, 16, 4, 4));

  /** For 16 or 32 vector registers of 4 to 16 floats. */
  static final List<Tile> CPU =
      List.of(
          Tile.panel(8, 32),
          Tile.panel(8, 48),
          Tile.panel(4, 64),
          Tile.panel(12, 32),
          Tile.panel(4, 32),
          Tile.panel(6, 16),
          Tile.panel(4, 16));

  private static final List<Tile> USUAL_ON_GPU =
      List.of(new Tile(128, 128, 16, 8, 8), new Tile(64, 64, 16, 4, 4), new Tile(32, 32, 16, 4, 4));

  /** With fewer operations packing panels costs a CPU more than it gives. */
  private static final double WORTH_PANELS = 1 << 17;

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
  private final boolean cpu;
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
    this(device, new TunedTiles(device.info()));
  }

  Tiles(Device device, TunedTiles file) {
    DeviceInfo info = device.info();
    this.device = device;
    this.cpu = info.type().equals("cpu");
    this.candidates = (cpu ? CPU : GPU).stream().filter(t -> t.fits(info)).toList();
    this.usual = USUAL_ON_GPU.stream().filter(t -> t.fits(info)).toList();
    this.file = file;
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
        try (Trial t = trial.apply(cpu ? LARGEST_ON_CPU : LARGEST_ON_GPU)) {
          tile = quickest(t);
        } catch (DeviceException e) {
          if (e.reason() != Reason.OUT_OF_MEMORY) {
            throw e;
          }
          return usual(kind); // there may be room for the product, if not for the trial
        }
        tuned.put(kind.toString(), tile);
        file.add(kind.toString(), tile);
      }
      return tile;
    }
  }

  /** On a GPU the largest tile with which every compute unit has a group, else the smallest. */
  private Tile usual(Kind kind) {
    if (cpu) {
      return kind.operations() < WORTH_PANELS
          ? usual.getLast()
          : device.info().vectorWidth() < 16 ? Tile.panel(6, 16) : Tile.panel(8, 32);
    }
    for (Tile tile : usual) {
      if (kind.batch * tile.groups(kind.m, kind.n) >= device.info().computeUnits()) {
        return tile;
      }
    }
    return usual.getLast();
  }

  private Tile quickest(Trial trial) {
    Tile best = candidates.getLast();
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
        if (e.reason() != Reason.REFUSED) {
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
