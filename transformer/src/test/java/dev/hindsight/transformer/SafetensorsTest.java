package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
  @TempDir Path folder;

  private static Tensor floats(float... values) {
    return Tensor.of(TestModels.reference(), Shape.of(values.length), values);
  }

  /** A file with this header and so many zero bytes of data. */
  private Path file(String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return file(json.length, json, dataBytes);
  }

  private Path file(long prefix, byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(prefix).put(header);
    Path file = folder.resolve("made.safetensors");
    Files.write(file, bytes.array());
    return file;
  }

  @Test
  void everyTypeComesBackAsItWas() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("a", Tensor.of(TestModels.reference(), Shape.of(2, 3), 1f, -0f, 3, 4, 5, 1e-40f));
    tensors.put("b.c", Tensor.of(TestModels.reference(), Shape.of(2), Math.PI, Double.MIN_VALUE));
    tensors.put("d", Tensor.of(TestModels.reference(), Shape.of(3), 1, -2, Integer.MAX_VALUE));
    tensors.put("half", TensorOps.cast(floats(1, 0.5f, 65504), DType.F16));
    tensors.put("brain", TensorOps.cast(floats(1, -3, 1e30f), DType.BF16));
    tensors.put("nothing", Tensor.of(TestModels.reference(), Shape.of(0, 7), new float[0]));
    tensors.put("scalar", Tensor.of(TestModels.reference(), Shape.SCALAR, 42f));
    tensors.put("\"quoted\" \u00e9\u4e2d", floats(7));
    Path path = folder.resolve("all.safetensors");
    Safetensors.write(path, tensors, Map.of("key", "value \u00e9\n", "step", "12"));

    try (Safetensors file = Safetensors.open(path)) {
      assertThat(file.metadata()).isEqualTo(Map.of("key", "value \u00e9\n", "step", "12"));
      assertThat(file.entries().keySet()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
      tensors.forEach(
          (name, tensor) ->
              assertThat(file.entries().get(name).shape()).as(name).isEqualTo(tensor.shape()));
      assertThat(file.read(TestModels.reference(), "a", DType.F32).toFloats())
          .containsExactly(1f, -0f, 3, 4, 5, 1e-40f);
      assertThat(file.read(TestModels.reference(), "b.c", DType.F64).toDoubles())
          .containsExactly(Math.PI, Double.MIN_VALUE);
      assertThat(file.read(TestModels.reference(), "d", DType.I32).toInts())
          .containsExactly(1, -2, Integer.MAX_VALUE);
      assertThat(file.read(TestModels.reference(), "half", DType.F32).toFloats())
          .containsExactly(1, 0.5f, 65504);
      assertThat(file.read(TestModels.reference(), "brain", DType.F64).toDoubles()[1])
          .isEqualTo(-3);
      assertThat(file.read(TestModels.reference(), "b.c", DType.F32).toFloats()[0])
          .isEqualTo((float) Math.PI);
      assertThat(file.read(TestModels.reference(), "scalar", DType.F32).item()).isEqualTo(42);
      assertThat(file.read(TestModels.reference(), "nothing", DType.F32).size()).isZero();
    }
  }

  @Test
  void bytesDependOnContentAlone() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path two = folder.resolve("two.safetensors");
    Tensor strided =
        Tensor.of(TestModels.reference(), Shape.of(3, 2), 1f, 2, 3, 4, 5, 6).transpose(0, 1);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("x", strided);
    tensors.put("a", TensorOps.cast(floats(1), DType.F64));
    Safetensors.write(one, tensors, Map.of("k", "v", "a", "b", "z", "y"));
    Map<String, Tensor> turned = new LinkedHashMap<>();
    turned.put("a", tensors.get("a"));
    turned.put("x", TensorOps.copyOf(strided));
    Map<String, String> metadata = new LinkedHashMap<>();
    for (String key : List.of("z", "a", "k")) {
      metadata.put(key, Map.of("k", "v", "a", "b", "z", "y").get(key));
    }
    Safetensors.write(two, turned, metadata);
    byte[] bytes = Files.readAllBytes(one);
    assertThat(Files.readAllBytes(two)).isEqualTo(bytes);
    long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(header % 8).as("data begins aligned").isZero();
    assertThat(new String(bytes, 8, (int) header, StandardCharsets.UTF_8).stripTrailing())
        .isEqualTo(
            "{\"__metadata__\":{\"a\":\"b\",\"k\":\"v\",\"z\":\"y\"},"
                + "\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                + "\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]}}");
  }

  private static final String GOOD =
      "\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

  static Stream<Arguments> brokenRules() {
    return Stream.of(
        Arguments.of("{" + GOOD + "}", 4, "truncated"),
        Arguments.of("{" + GOOD + "}", 0, "'t' ends at byte 8"),
        Arguments.of("{" + GOOD + "}", 12, "4 bytes follow the last tensor"),
        Arguments.of("{" + GOOD + "," + GOOD + "}", 8, "not valid JSON"),
        Arguments.of("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "not valid JSON"),
        Arguments.of("{" + GOOD + "} x", 8, "begin with '{' and end with '}'"),
        Arguments.of(" {" + GOOD + "}", 8, "begin with '{'"),
        Arguments.of("{" + GOOD + "}\n", 8, "padded with spaces only"),
        Arguments.of("{" + GOOD + "}{}", 8, "not one JSON object"),
        Arguments.of("{" + GOOD, 8, "not valid JSON"),
        Arguments.of("[]", 0, "begin with '{'"),
        Arguments.of("", 0, "begin with '{'"),
        Arguments.of("{\"t\":3}", 0, "'t' must be an object"),
        Arguments.of("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ entry 'a' must be a string"),
        Arguments.of("{\"__metadata__\":[]}", 0, "'__metadata__' must be an object"),
        Arguments.of("{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "needs each of"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
            8,
            "field 'x'"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            8,
            "dtype 'F99' is not known"),
        Arguments.of(
            "{\"t\":{\"dtype\":5,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "must be a string"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
            8,
            "takes 12 bytes, but data_offsets [0, 8] hold 8"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "begin <= end"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}",
            8,
            "[begin, end]"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "negative"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
            8,
            "must be integers"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
            8,
            "must be an array"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],"
                + "\"data_offsets\":[0,0]}}",
            0,
            "larger than can be addressed"),
        Arguments.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],"
                + "\"data_offsets\":[0,0]}}",
            0,
            "not valid JSON"),
        Arguments.of(
            "{" + GOOD + ",\"u\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}",
            16,
            "begins at byte 12 of the data, where the one before it ends at 8: a hole"),
        Arguments.of(
            "{" + GOOD + ",\"u\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            8,
            "an overlap"),
        Arguments.of(
            "{" + GOOD + ",\"u\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            8,
            "an overlap"));
  }

  /** Each rule of the header on its own; the message names file, place and remedy. */
  @ParameterizedTest
  @MethodSource("brokenRules")
  void brokenRulesAreNamed(String header, int dataBytes, String message) throws IOException {
    Path file = file(header, dataBytes);
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining(message)
        .hasMessageStartingWith(file.toString())
        .hasMessageMatching("(?s).*(write it again|convert the file).*");
  }

  @Test
  void brokenPrefixesAreNamed() throws IOException {
    Path file = folder.resolve("short.safetensors");
    Files.write(file, new byte[5]);
    assertThatThrownBy(() -> Safetensors.open(file)).hasMessageContaining("5 bytes are too few");
    assertThatThrownBy(() -> Safetensors.open(file(99, "{}".getBytes(), 0)))
        .hasMessageContaining("claims 99 bytes, but only 2 follow");
    assertThatThrownBy(() -> Safetensors.open(file(100_000_001, "{}".getBytes(), 0)))
        .hasMessageContaining("at most 100000000");
    assertThatThrownBy(() -> Safetensors.open(file(-1, "{}".getBytes(), 0)))
        .hasMessageContaining("18446744073709551615 bytes");
    assertThatThrownBy(() -> Safetensors.open(file(4, new byte[] {'{', (byte) 0xC3, '(', '}'}, 0)))
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> Safetensors.open(folder.resolve("none")))
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> Safetensors.open(folder)).hasMessageContaining("is a folder");
  }

  @Test
  void emptyFilesAndPaddingAreLegal() throws IOException {
    try (Safetensors file = Safetensors.open(file("{}", 0))) {
      assertThat(file.entries()).isEmpty();
    }
    try (Safetensors file = Safetensors.open(file("{" + GOOD + "}      ", 8))) {
      assertThat(file.read(TestModels.reference(), "t", DType.F32).toFloats())
          .containsExactly(0, 0);
    }
  }

  @Test
  void wrongReadsAreNamed() throws IOException {
    String header =
        "{\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"u\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}";
    Path path = file(header, 16);
    try (Safetensors file = Safetensors.open(path)) {
      assertThat(file.read(TestModels.reference(), "l", DType.I32).toInts()).containsExactly(0);
      assertThatThrownBy(() -> file.read(TestModels.reference(), "u", DType.F32))
          .isInstanceOf(MalformedFileException.class)
          .hasMessageContaining("type U8, which does not convert to F32");
      assertThatThrownBy(() -> file.read(TestModels.reference(), "v", DType.F32))
          .hasMessageContaining("no tensor 'v' among its 2");
      assertThatThrownBy(() -> file.readInto("l", floats(1, 2)))
          .hasMessageContaining("shape [1], but [2]");
      assertThatThrownBy(() -> file.metadata("step")).hasMessageContaining("lacks 'step'");
    }
    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 16 + 4] = 1; // 2^32
    Files.write(path, bytes);
    try (Safetensors file = Safetensors.open(path)) {
      assertThatThrownBy(() -> file.read(TestModels.reference(), "l", DType.I32))
          .hasMessageContaining("4294967296, which does not fit 32 bits");
    }
  }

  /** A disk that takes so many bytes and no more. */
  private static AtomicFile.Opener disk(long room) {
    return file ->
        new WritableByteChannel() {
          private final WritableByteChannel out =
              Files.newByteChannel(
                  file,
                  java.util.Set.of(
                      java.nio.file.StandardOpenOption.CREATE,
                      java.nio.file.StandardOpenOption.WRITE));
          private long left = room;

          @Override
          public int write(ByteBuffer bytes) throws IOException {
            if (bytes.remaining() > left) {
              throw new IOException("No space left on device");
            }
            left -= bytes.remaining();
            return out.write(bytes);
          }

          @Override
          public boolean isOpen() {
            return out.isOpen();
          }

          @Override
          public void close() throws IOException {
            out.close();
          }
        };
  }

  /** A rename over /dev/full, tried once as root, left a plain file in its place. */
  @Test
  void onlyRegularFilesAreReplacedAndLinksAreFollowed() throws Exception {
    Path pipe = folder.resolve("pipe");
    assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0);
    assertThatThrownBy(() -> AtomicFile.write(pipe, "x"))
        .hasMessageContaining("a device or a pipe");
    assertThat(Files.isRegularFile(pipe)).isFalse();
    assertThatThrownBy(() -> AtomicFile.write(folder, "x")).hasMessageContaining("it is a folder");
    Path file = Files.writeString(folder.resolve("file"), "former");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    AtomicFile.write(link, "new");
    assertThat(link).isSymbolicLink();
    assertThat(file).hasContent("new");
  }

  /** /dev/zero gives bytes until memory ends, and a pipe waits for a writer. */
  @Test
  void devicesAreNotRead() {
    Path device = Path.of("/dev/zero");
    assumeTrue(Files.exists(device), "needs /dev/zero");
    assertThatThrownBy(() -> Safetensors.open(device)).hasMessageContaining("is a device");
    assertThatThrownBy(() -> JsonFiles.readObject(device, 10))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("no regular file");
  }

  /** A checkpoint that cannot be written must not cost the one before it. */
  @Test
  void aFullDiskLeavesTheFormerFile() throws IOException {
    Path path = folder.resolve("state");
    AtomicFile.write(path, "former");
    AtomicFile.Content content =
        out -> {
          for (int i = 0; i < 10; i++) {
            AtomicFile.writeFully(out, ByteBuffer.allocate(10));
          }
        };
    for (int room : new int[] {0, 10, 95}) {
      assertThatThrownBy(() -> AtomicFile.write(path, content, disk(room)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot write " + path)
          .hasMessageContaining("No space left on device")
          .hasMessageContaining("the file that was there before is unchanged")
          .hasMessageContaining("free some space");
      assertThat(path).hasContent("former");
      assertThat(folder).isDirectoryNotContaining(f -> f.toString().endsWith(".partial"));
    }
    AtomicFile.write(path, content, disk(100));
    assertThat(Files.size(path)).isEqualTo(100);
    assertThatThrownBy(() -> AtomicFile.write(folder.resolve("no/such/file"), "x"))
        .hasMessageContaining("folder does not exist");
  }
}
