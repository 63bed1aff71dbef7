package dev.hindsight.transformer;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes {@link Safetensors} files: the same tensors and metadata give the same bytes. */
final class SafetensorsWriter {
  private static final long PIECE = 1L << 30; // a ByteBuffer holds less than 2 GiB
  private static final JsonFactory JSON = new JsonFactory();

  private SafetensorsWriter() {}

  static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    if (tensors.containsKey("__metadata__")) {
      throw new IllegalArgumentException(
          "safetensors: a tensor cannot be called __metadata__, the format reserves that name");
    }
    List<Map.Entry<String, Tensor>> order = new ArrayList<>(tensors.entrySet());
    order.sort(
        Comparator.<Map.Entry<String, Tensor>>comparingInt(e -> -e.getValue().dtype().bytes())
            .thenComparing(Map.Entry::getKey));
    byte[] header = header(order, metadata);
    AtomicFile.write(
        file,
        out -> {
          ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFile.writeFully(out, prefix.putLong(0, (long) header.length));
          AtomicFile.writeFully(out, ByteBuffer.wrap(header));
          for (Map.Entry<String, Tensor> entry : order) {
            writeData(out, entry.getValue());
          }
        });
  }

  private static byte[] header(List<Map.Entry<String, Tensor>> order, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectPropertyStart("__metadata__");
        new TreeMap<>(metadata).forEach(json::writeStringProperty);
        json.writeEndObject();
      }
      long begin = 0;
      for (Map.Entry<String, Tensor> entry : order) {
        Tensor tensor = entry.getValue();
        long end = begin + tensor.size() * tensor.dtype().bytes();
        json.writeObjectPropertyStart(entry.getKey());
        json.writeStringProperty("dtype", tensor.dtype().name());
        json.writeName("shape");
        int[] dims = tensor.shape().dims();
        json.writeArray(dims, 0, dims.length);
        json.writeName("data_offsets");
        json.writeArray(new long[] {begin, end}, 0, 2);
        json.writeEndObject();
        begin = end;
      }
      json.writeEndObject();
    }
    while (bytes.size() % 8 != 0) {
      bytes.write(' ');
    }
    if (bytes.size() > SafetensorsHeader.MAXIMUM_BYTES) {
      throw new IOException(
          "safetensors: a header of "
              + bytes.size()
              + " bytes exceeds the format's limit of "
              + SafetensorsHeader.MAXIMUM_BYTES
              + "; split the tensors or shorten the metadata");
    }
    return bytes.toByteArray();
  }

  private static void writeData(WritableByteChannel out, Tensor tensor) throws IOException {
    long bytes = tensor.size() * tensor.dtype().bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(bytes, 8);
      TensorOps.download(TensorOps.contiguous(tensor), host);
      for (long done = 0; done < bytes; done += PIECE) {
        AtomicFile.writeFully(
            out, host.asSlice(done, Math.min(PIECE, bytes - done)).asByteBuffer());
      }
    }
  }
}
