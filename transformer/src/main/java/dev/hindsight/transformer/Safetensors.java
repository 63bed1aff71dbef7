package dev.hindsight.transformer;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;

/**
 * A safetensors file, opened for reading: named tensors in memory-mapped data, and a map of strings
 * beside them. Format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>; every rule
 * of its header is enforced on opening, so a file that opened can be read to the end.
 *
 * <p>{@link #write} makes such files: the same tensors and metadata give the same bytes.
 */
public final class Safetensors implements AutoCloseable {
  /** Element types of the format, by their names in the header. */
  public enum Type {
    BOOL(1),
    U8(1),
    I8(1),
    F8_E4M3(1),
    F8_E5M2(1),
    F8_E8M0(1),
    I16(2),
    U16(2),
    F16(2),
    BF16(2),
    I32(4),
    U32(4),
    F32(4),
    F64(8),
    I64(8),
    U64(8),
    C64(8);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
      return bytes;
    }
  }

  /**
   * What the header says about one tensor.
   *
   * @param begin first byte in the data section
   * @param end one past its last byte
   */
  public record Entry(String name, Type type, int[] dims, long begin, long end) {
    /** The extents as a shape. */
    public Shape shape() {
      return Shape.of(dims);
    }

    /** As in {@code model.norm.weight F32[48]}. */
    @Override
    public String toString() {
      return name + " " + type + Arrays.toString(dims);
    }
  }

  private static final ValueLayout.OfShort SHORTS =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INTS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONGS =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment data;

  private Safetensors(Path file, SafetensorsHeader header, Arena arena, MemorySegment data) {
    this.file = file;
    this.header = header;
    this.arena = arena;
    this.data = data;
  }

  /**
   * Opens and checks a file; its data is mapped, not read.
   *
   * @throws MalformedFileException when it breaks a rule of the format
   * @throws IOException when it is missing or cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // the opened file closes its arena
  public static Safetensors open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder; give the .safetensors file in it");
    }
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException(
          file + " is a device or a pipe; expected a regular file, which can be memory-mapped");
    }
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw new MalformedFileException(
            file,
            size
                + " bytes are too few for a safetensors file, which begins with 8 bytes of header"
                + " length: it is truncated; fetch or write it again");
      }
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long prefix = all.get(LONGS, 0);
      long length = SafetensorsHeader.length(file, prefix, size);
      SafetensorsHeader header =
          SafetensorsHeader.parse(file, all.asSlice(8, length).asByteBuffer(), size - 8 - length);
      opened = true;
      return new Safetensors(file, header, arena, all.asSlice(header.dataStart()));
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist; check the path", e);
    } catch (AccessDeniedException e) {
      throw new IOException(file + " may not be read; check its permissions", e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /** The file that was opened. */
  public Path file() {
    return file;
  }

  /** The tensors by name, in the header's order. */
  public Map<String, Entry> entries() {
    return header.entries();
  }

  /** The header's {@code __metadata__}; empty when there is none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * A metadata value that must be there.
   *
   * @throws MalformedFileException when it is not
   */
  public String metadata(String key) throws MalformedFileException {
    String value = header.metadata().get(key);
    if (value == null) {
      throw new MalformedFileException(
          file,
          "its metadata lacks '"
              + key
              + "' (it has "
              + header.metadata().keySet()
              + "); this is not the kind of file that is expected here");
    }
    return value;
  }

  /**
   * Reads one tensor into {@code dtype}, allocated as {@link TensorOps#empty} does. F64, F32, BF16
   * and F16 convert to F32 and F64; I32 and I64 convert to I32, where every value must fit.
   *
   * @throws MalformedFileException when there is no such tensor, or its type does not convert
   */
  public Tensor read(Backend backend, String name, DType dtype) throws MalformedFileException {
    Entry entry = require(name);
    MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
    if (dtype == DType.I32 && entry.type() == Type.I64) {
      return Tensor.of(backend, entry.shape(), narrow(entry, bytes));
    }
    boolean floating = dtype.computes();
    DType stored =
        switch (entry.type()) {
          case F32 -> floating ? DType.F32 : null;
          case F64 -> floating ? DType.F64 : null;
          case BF16 -> floating ? DType.BF16 : null;
          case F16 -> floating ? DType.F16 : null;
          case I32 -> dtype == DType.I32 ? DType.I32 : null;
          default -> null;
        };
    if (stored == null) {
      throw new MalformedFileException(
          file,
          "tensor '"
              + name
              + "' has type "
              + entry.type()
              + ", which does not convert to "
              + dtype
              + "; convert the file first");
    }
    Tensor raw = TensorOps.empty(backend, stored, entry.shape());
    TensorOps.upload(bytes, raw);
    return TensorOps.cast(raw, dtype);
  }

  /**
   * Reads one tensor over the elements of {@code out}, whose shape must be the same.
   *
   * @throws MalformedFileException when there is no such tensor, its shape is another, or its type
   *     does not convert
   */
  public void readInto(String name, Tensor out) throws MalformedFileException {
    requireShape(require(name), out.shape());
    TensorOps.copy(read(out.backend(), name, out.dtype()), out);
  }

  /** {@link #read} into memory that outlives every workspace, when the shape is this one. */
  Tensor readPersistent(Backend backend, String name, DType dtype, Shape shape)
      throws MalformedFileException {
    requireShape(require(name), shape);
    try {
      return Workspace.outside(
          () -> {
            try {
              return read(backend, name, dtype);
            } catch (MalformedFileException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw (MalformedFileException) e.getCause();
    }
  }

  /**
   * Checks that a floating-point tensor holds neither NaN nor infinity; others pass.
   *
   * @throws MalformedFileException when it does, or there is no such tensor
   */
  public void requireFinite(String name) throws MalformedFileException {
    Entry entry = require(name);
    MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
    long mask = // an exponent of ones only
        switch (entry.type()) {
          case F16 -> 0x7C00;
          case BF16 -> 0x7F80;
          case F32 -> 0x7F80_0000;
          case F64 -> 0x7FF0_0000_0000_0000L;
          default -> -1; // an integer
        };
    if (mask < 0) {
      return;
    }
    int width = entry.type().bytes();
    for (long at = 0; at < bytes.byteSize(); at += width) {
      long bits =
          switch (width) {
            case 2 -> bytes.get(SHORTS, at);
            case 4 -> bytes.get(INTS, at);
            default -> bytes.get(LONGS, at);
          };
      if ((bits & mask) == mask) {
        throw new MalformedFileException(
            file,
            "tensor '"
                + name
                + "' holds NaN or infinity at element "
                + at / width
                + "; the training that wrote it diverged, or the file is damaged: take an earlier one"
                + " or fetch it again");
      }
    }
  }

  void requireShape(String name, Shape shape) throws MalformedFileException {
    requireShape(require(name), shape);
  }

  private void requireShape(Entry entry, Shape shape) throws MalformedFileException {
    if (!entry.shape().equals(shape)) {
      throw new MalformedFileException(
          file,
          "tensor '"
              + entry.name()
              + "' has shape "
              + entry.shape()
              + ", but "
              + shape
              + " is expected here; the weights and the configuration do not belong together");
    }
  }

  private Entry require(String name) throws MalformedFileException {
    Entry entry = header.entries().get(name);
    if (entry == null) {
      throw new MalformedFileException(
          file,
          "there is no tensor '"
              + name
              + "' among its "
              + header.entries().size()
              + "; the weights and the configuration do not belong together");
    }
    return entry;
  }

  private int[] narrow(Entry entry, MemorySegment bytes) throws MalformedFileException {
    int[] values = new int[Math.toIntExact(entry.shape().size())];
    for (int i = 0; i < values.length; i++) {
      long value = bytes.get(LONGS, 8L * i);
      values[i] = (int) value;
      if (values[i] != value) {
        throw new MalformedFileException(
            file, "tensor '" + entry.name() + "' holds " + value + ", which does not fit 32 bits");
      }
    }
    return values;
  }

  /** Unmaps the file; tensors that were read stay. */
  @Override
  public void close() {
    arena.close();
  }

  /**
   * Writes a file, atomically ({@link AtomicFile}). Tensors go by falling element size, then name,
   * which keeps each aligned; metadata goes by key: the bytes depend on nothing else.
   *
   * @throws IOException when it cannot be written; a former file of that name is unchanged
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    SafetensorsWriter.write(file, tensors, metadata);
  }
}
