package dev.hindsight.tests.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.transformer.MalformedFileException;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever a file holds, opening and reading it ends in one of two ways: tensors of the sizes that
 * the header says, or a {@link MalformedFileException}. No other exception, no crash, no stray
 * read.
 */
class SafetensorsFuzzTest {
  private static final Backend REFERENCE = Backends.get("reference");
  private static Path folder;
  private static byte[] valid;

  @BeforeContainer
  static void writeAValidFile() throws IOException {
    folder = Files.createTempDirectory("safetensors-fuzz");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("model.norm.weight", Tensor.of(REFERENCE, Shape.of(3), 1f, 2, 3));
    tensors.put("b", Tensor.of(REFERENCE, Shape.of(2, 2), 1.0, 2, 3, 4));
    tensors.put("ids", Tensor.of(REFERENCE, Shape.of(2), 7, 8));
    tensors.put("half", TensorOps.cast(Tensor.of(REFERENCE, Shape.of(2, 1), 1f, 2), DType.BF16));
    Path file = folder.resolve("valid.safetensors");
    Safetensors.write(file, tensors, Map.of("step", "3"));
    valid = Files.readAllBytes(file);
  }

  @AfterContainer
  static void removeTheFolder() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** One way to damage a file. */
  interface Damage {
    byte[] apply(byte[] bytes);
  }

  @Provide
  Arbitrary<Damage> damages() {
    Arbitrary<Integer> place = Arbitraries.integers().between(0, 100_000);
    Arbitrary<Damage> setByte =
        Combinators.combine(place, Arbitraries.bytes()).as((at, value) -> b -> set(b, at, value));
    Arbitrary<Damage> flipBit =
        Combinators.combine(place, Arbitraries.integers().between(0, 7))
            .as((at, bit) -> b -> set(b, at, (byte) (b[at % b.length] ^ (1 << bit))));
    Arbitrary<Damage> cut = place.map(at -> b -> Arrays.copyOf(b, at % (b.length + 1)));
    Arbitrary<Damage> remove =
        Combinators.combine(place, Arbitraries.integers().between(1, 20))
            .as((at, count) -> b -> splice(b, at % (b.length + 1), count, ""));
    Arbitrary<Damage> insert =
        Combinators.combine(place, text())
            .as((at, text) -> b -> splice(b, at % (b.length + 1), 0, text));
    Arbitrary<Damage> overwrite =
        Combinators.combine(place, text())
            .as((at, text) -> b -> splice(b, at % (b.length + 1), text.length(), text));
    return Arbitraries.oneOf(setByte, flipBit, cut, remove, insert, overwrite);
  }

  /** What a header is made of, so that damage often stays JSON and reaches the later checks. */
  @Provide
  Arbitrary<String> text() {
    return Arbitraries.of(
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "0",
        "1",
        "-1",
        "8",
        "16",
        "9999999999",
        "1e3",
        ".5",
        "null",
        "true",
        " ",
        "\u0000",
        "F64",
        "I64",
        "U8",
        "dtype",
        "shape",
        "data_offsets",
        "__metadata__",
        "\"b\"",
        "\\",
        "\\u0000",
        "\u00e9",
        "[]",
        "{}",
        "\"x\":{}",
        "\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
  }

  private static byte[] set(byte[] bytes, int at, byte value) {
    if (bytes.length == 0) {
      return bytes;
    }
    byte[] damaged = bytes.clone();
    damaged[at % bytes.length] = value;
    return damaged;
  }

  private static byte[] splice(byte[] bytes, int at, int removed, String text) {
    byte[] insert = text.getBytes(StandardCharsets.UTF_8);
    int rest = Math.min(bytes.length, at + removed);
    byte[] damaged = Arrays.copyOf(bytes, at + insert.length + bytes.length - rest);
    System.arraycopy(insert, 0, damaged, at, insert.length);
    System.arraycopy(bytes, rest, damaged, at + insert.length, bytes.length - rest);
    return damaged;
  }

  @Property(tries = 2000)
  void damagedFilesAreRefusedOrReadable(
      @ForAll("fewDamages") List<Damage> damages, @ForAll boolean mendPrefix) throws IOException {
    byte[] bytes = valid;
    for (Damage damage : damages) {
      if (bytes.length > 0) {
        bytes = damage.apply(bytes);
      }
    }
    if (mendPrefix && bytes.length >= 8) {
      // a header length that fits what it says lets the damage through to the JSON
      int end = headerEnd(bytes);
      bytes = bytes.clone();
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, end - 8L);
    }
    requireRefusedOrReadable(bytes);
  }

  @Provide
  Arbitrary<List<Damage>> fewDamages() {
    return damages().list().ofMinSize(1).ofMaxSize(4);
  }

  private static int headerEnd(byte[] bytes) {
    int end = bytes.length;
    while (end > 8 && bytes[end - 1] != '}') {
      end--;
    }
    return end;
  }

  @Property(tries = 300)
  void anyBytesAreRefusedOrReadable(@ForAll byte[] bytes) throws IOException {
    requireRefusedOrReadable(bytes);
  }

  private static void requireRefusedOrReadable(byte[] bytes) throws IOException {
    Path path = folder.resolve("damaged.safetensors");
    Files.write(path, bytes);
    try (Safetensors file = Safetensors.open(path)) {
      long covered = 0;
      for (Safetensors.Entry entry : file.entries().values()) {
        covered += entry.end() - entry.begin();
        for (DType dtype : new DType[] {DType.F32, DType.F64, DType.I32}) {
          try {
            Tensor tensor = file.read(REFERENCE, entry.name(), dtype);
            assertThat(tensor.shape()).isEqualTo(entry.shape());
          } catch (MalformedFileException e) {
            requireExplained(e, path);
          }
        }
      }
      long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
      assertThat(covered).isEqualTo(bytes.length - 8 - header);
    } catch (MalformedFileException e) {
      requireExplained(e, path);
    } catch (RuntimeException | Error e) {
      if (e instanceof AssertionError a) {
        throw a;
      }
      fail("a damaged file gave " + e, e);
    }
  }

  private static void requireExplained(MalformedFileException e, Path path) {
    assertThat(e).hasMessageStartingWith(path + ": ");
  }
}
