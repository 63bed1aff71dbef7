package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads event files of TensorBoard, from the description of their formats and with nothing of what
 * writes them: TFRecord, whose checksums are computed here bit by bit, and protocol buffers.
 */
final class EventFile {
  /** One event; scalars and texts by tag. */
  record Event(
      double wallTime,
      long step,
      @Nullable String version,
      boolean start,
      Map<String, Float> scalars,
      Map<String, String> texts) {}

  private EventFile() {}

  /** The events of the only file in a folder. */
  static List<Event> readOnly(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertThat(all).as("event files").hasSize(1);
      assertThat(all.getFirst().getFileName().toString()).contains("tfevents");
      return read(all.getFirst());
    }
  }

  static List<Event> read(Path file) throws IOException {
    List<Event> events = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      byte[] length = bytes(in, 8);
      assertThat(in.getInt()).as("checksum of a length").isEqualTo(masked(length));
      long count = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
      byte[] data = bytes(in, count);
      assertThat(in.getInt()).as("checksum of an event").isEqualTo(masked(data));
      events.add(event(data));
    }
    return events;
  }

  private static Event event(byte[] data) {
    double wallTime = 0;
    long step = 0;
    String version = null;
    boolean start = false;
    Map<String, Float> scalars = new LinkedHashMap<>();
    Map<String, String> texts = new LinkedHashMap<>();
    for (Field f : fields(data)) {
      switch (f.number) {
        case 1 -> wallTime = Double.longBitsToDouble(f.bits);
        case 2 -> step = f.bits;
        case 3 -> version = f.string();
        case 5 -> fields(f.bytes).forEach(value -> value(fields(value.bytes), scalars, texts));
        case 7 -> start = only(fields(f.bytes), 1).bits == 1;
        default -> throw new AssertionError("field " + f.number + " of an event");
      }
    }
    return new Event(wallTime, step, version, start, scalars, texts);
  }

  private static void value(
      List<Field> value, Map<String, Float> scalars, Map<String, String> texts) {
    String tag = only(value, 1).string();
    if (value.stream().anyMatch(f -> f.number == 2)) {
      float number = Float.intBitsToFloat((int) only(value, 2).bits);
      assertThat(scalars.put(tag, number)).as("%s is there once", tag).isNull();
    } else {
      List<Field> tensor = fields(only(value, 8).bytes);
      assertThat(only(tensor, 1).bits).as("DT_STRING").isEqualTo(7);
      List<Field> metadata = fields(only(value, 9).bytes);
      assertThat(only(fields(only(metadata, 1).bytes), 1).string()).isEqualTo("text");
      assertThat(only(metadata, 4).bits).as("DATA_CLASS_TENSOR").isEqualTo(2);
      texts.put(tag, only(tensor, 8).string());
    }
  }

  private static Field only(List<Field> fields, int number) {
    List<Field> found = fields.stream().filter(f -> f.number == number).toList();
    assertThat(found).as("field %s of %s", number, fields).hasSize(1);
    return found.getFirst();
  }

  private record Field(int number, long bits, byte[] bytes) {
    String string() {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private static List<Field> fields(byte[] message) {
    List<Field> fields = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int tag = (int) varint(in);
      byte[] none = {};
      fields.add(
          switch (tag & 7) {
            case 0 -> new Field(tag >>> 3, varint(in), none);
            case 1 -> new Field(tag >>> 3, in.getLong(), none);
            case 2 -> new Field(tag >>> 3, 0, bytes(in, varint(in)));
            case 5 -> new Field(tag >>> 3, in.getInt(), none);
            default -> throw new AssertionError("wire type " + (tag & 7));
          });
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static byte[] bytes(ByteBuffer in, long count) {
    if (count < 0 || count > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[(int) count];
    in.get(bytes);
    return bytes;
  }

  /** CRC-32C, reflected polynomial 0x82F63B78, rotated and shifted as TFRecord has it. */
  private static int masked(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xFF;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82F63B78;
      }
    }
    crc = ~crc;
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }
}
