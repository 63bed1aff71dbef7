package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.DeviceException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards the choice of a tile: measured once a kind of product, kept on disk. */
class TilesTest {
  private static final Tiles.Kind LARGE = new Tiles.Kind(true, true, true, 4096, 700, 768, 1);

  @TempDir Path folder;
  private Device device;
  private Path file;

  @BeforeEach
  void open() {
    device = new Device(Opened.info());
    file = folder.resolve("kept").resolve("some.tiles");
  }

  private Tiles tiles() {
    return new Tiles(device, new TunedTiles(file));
  }

  private static Tiles.Trial trial(Consumer<Tile> run) {
    return new Tiles.Trial() {
      @Override
      public void run(Tile tile) {
        run.accept(tile);
      }

      @Override
      public void close() {}
    };
  }

  private static Tile choose(Tiles tiles, Tiles.Kind kind, Consumer<Tile> run) {
    return tiles.choose(kind, most -> trial(run));
  }

  private static void sleep(int milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Tile> candidates() {
    List<Tile> all = new ArrayList<>();
    choose(new Tiles(device, new TunedTiles(folder.resolve("other"))), LARGE, all::add);
    return all.stream().distinct().toList();
  }

  @Test
  void takesTheQuickestAndKeepsIt() throws IOException {
    Tile quick = candidates().get(2);
    assertThat(choose(tiles(), LARGE, t -> sleep(t.equals(quick) ? 1 : 60))).isEqualTo(quick);
    assertThat(Files.readString(file)).isEqualTo("nt-vector-4096-512-1024-1 " + quick + "\n");

    // another process, and another product of the kind
    Tiles.Kind alike = new Tiles.Kind(true, true, true, 4000, 512, 800, 1);
    List<Tile> tried = new ArrayList<>();
    assertThat(choose(tiles(), alike, tried::add)).isEqualTo(quick);
    assertThat(tried).isEmpty();
  }

  @Test
  void measuresEachKind() {
    Tiles tiles = tiles();
    List<Tile> tried = new ArrayList<>();
    choose(tiles, LARGE, tried::add);
    choose(tiles, new Tiles.Kind(false, true, true, 4096, 700, 768, 1), tried::add);
    assertThat(tried.stream().filter(candidates().getFirst()::equals).count()).isGreaterThan(2);
  }

  @Test
  void doesNotMeasureSmallProducts() {
    List<Tile> tried = new ArrayList<>();
    choose(tiles(), new Tiles.Kind(true, true, true, 64, 64, 64, 1), tried::add);
    assertThat(tried).isEmpty();
    assertThat(file).doesNotExist();
  }

  @Test
  void passesOverWhatIsNoLineOfItsOwn() throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[] {(byte) 0xff, 0, '\n', 'a', ' ', 'b', ' ', 'c'});
    Tile first = candidates().getFirst();
    assertThat(choose(tiles(), LARGE, t -> sleep(t.equals(first) ? 1 : 60))).isEqualTo(first);

    Files.writeString(
        file, "x\nnt-vector-4096-512-1024-1 1x1x1/4x4\n" + LARGE + " " + first + "\n\n");
    List<Tile> tried = new ArrayList<>();
    assertThat(choose(tiles(), LARGE, tried::add)).isEqualTo(first);
    assertThat(tried).isEmpty();
  }

  @Test
  void oneDamagedLineSpoilsNoOther() throws IOException {
    Tile first = candidates().getFirst();
    Files.createDirectories(file.getParent());
    Files.writeString(file, "\u00ff\n" + LARGE + " " + first + "\n", StandardCharsets.ISO_8859_1);
    List<Tile> tried = new ArrayList<>();
    assertThat(choose(tiles(), LARGE, tried::add)).isEqualTo(first);
    assertThat(tried).isEmpty();
  }

  @Test
  void leavesOutATileThatTheDeviceRefuses() {
    Tile quick = candidates().get(1);
    Tile chosen =
        choose(
            tiles(),
            LARGE,
            t -> {
              if (t.equals(quick)) {
                throw new DeviceException(Reason.REFUSED, "kernel: too many registers", null);
              }
              sleep(5);
            });
    assertThat(chosen).isNotEqualTo(quick);
  }

  @Test
  void withoutRoomForATrialTakesAUsualOneAndKeepsNothing() {
    Tile chosen =
        tiles()
            .choose(
                LARGE,
                most -> {
                  throw new DeviceException(Reason.OUT_OF_MEMORY, "allocate: no room", null);
                });
    assertThat(chosen.fits(device.info())).isTrue();
    assertThat(file).doesNotExist();
  }

  @Test
  void aLostDeviceIsNoReasonToGoOn() {
    assertThatThrownBy(
            () ->
                choose(
                    tiles(),
                    LARGE,
                    t -> {
                      throw new DeviceException(Reason.LOST, "kernel: gone", null);
                    }))
        .isInstanceOf(DeviceException.class)
        .hasMessage("kernel: gone");
  }
}
