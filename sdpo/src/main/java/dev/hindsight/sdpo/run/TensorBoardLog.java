package dev.hindsight.sdpo.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The lines of {@code metrics.jsonl} as TensorBoard reads them: an event file, {@code
 * events.out.tfevents.*}, with a scalar for every number and a text for every list of sentences.
 *
 * <p>It is derived from {@code metrics.jsonl} and nothing reads it back: a run that goes on writes
 * it anew from the lines that were kept, so that no step is missing or there twice, however the run
 * was ended. Scalars are 32-bit floats, as TensorBoard keeps them; {@code metrics.jsonl} has every
 * digit.
 */
public final class TensorBoardLog implements AutoCloseable {
  private static final String NAME = "events.out.tfevents.";

  /** What is added to a rotated checksum, so that one of data with checksums inside is no trap. */
  private static final int MASK_DELTA = 0xa282ead8;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, String> groups;

  private TensorBoardLog(Path file, FileChannel channel, Map<String, String> groups) {
    this.file = file;
    this.channel = channel;
    this.groups = groups;
  }

  /**
   * Begins the event file of a run, in place of a former one.
   *
   * @param folder of event files, which TensorBoard shows as one run; made if need be
   * @param groups what a key of a line is filed under: a number {@code k} becomes the tag {@code
   *     GROUP/k}. Those of an object inside the line are filed under its own key
   * @param past the lines so far: records or maps with a {@code step}
   * @param wallTimes of these, seconds since 1970
   */
  public static TensorBoardLog open(
      Path folder, Map<String, String> groups, List<?> past, double[] wallTimes)
      throws IOException {
    Files.createDirectories(folder);
    List<Path> former = new ArrayList<>();
    long begun = (long) now();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, NAME + "*")) {
      for (Path f : files) {
        former.add(f);
        begun = Math.max(begun, begunAt(f) + 1);
      }
    }
    // a viewer that is open goes on to the file whose name comes next
    Path file = folder.resolve(String.format(Locale.ROOT, "%s%010d.hindsight", NAME, begun));
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    TensorBoardLog log = new TensorBoardLog(file, channel, groups);
    try {
      log.write(
          new Message()
              .number(1, wallTimes.length > 0 ? wallTimes[0] : now())
              .text(3, "brain.Event:2"));
      if (!past.isEmpty()) {
        // SessionLog START at step 0: what a viewer has of the former file from there on is void
        Message start = new Message().integer(1, 1);
        log.write(new Message().number(1, wallTimes[0]).integer(2, 0).message(7, start));
      }
      for (int i = 0; i < wallTimes.length; i++) {
        log.append(past.get(i), wallTimes[i]);
      }
      for (Path f : former) {
        Files.delete(f);
      }
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return log;
  }

  /** The seconds in a file's name; none in one that another program wrote. */
  private static long begunAt(Path file) {
    String rest = file.getFileName().toString().substring(NAME.length());
    String digits = rest.substring(0, Math.max(0, rest.indexOf('.')));
    return digits.matches("\\d{1,18}") ? Long.parseLong(digits) : 0;
  }

  private static double now() {
    return System.currentTimeMillis() * 1e-3;
  }

  /**
   * Adds a line as of now.
   *
   * @param line a record, under snake-case keys as in {@code metrics.jsonl}, or a map
   */
  public void append(Object line) throws IOException {
    append(line, now());
  }

  private void append(Object line, double wallTime) throws IOException {
    Map<?, ?> values = Json.parse(Json.line(line), Map.class);
    Message summary = new Message();
    values.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> inner) {
            inner.forEach((k, v) -> scalar(summary, key + "/" + k, v));
          } else if (value instanceof List<?> sentences && !sentences.isEmpty()) {
            text(summary, key.toString(), sentences);
          } else if (!key.equals("step")) {
            scalar(summary, groups.getOrDefault(key, "other") + "/" + key, value);
          }
        });
    long step = ((Number) values.get("step")).longValue();
    // Event: wall_time, step, summary
    write(new Message().number(1, wallTime).integer(2, step).message(5, summary));
  }

  /** Summary.Value: tag, simple_value. */
  private static void scalar(Message summary, String tag, Object value) {
    if (value instanceof Number number) {
      summary.message(1, new Message().text(1, tag).number(2, number.floatValue()));
    }
  }

  /** Summary.Value: tag, tensor of one string, metadata that calls for the plugin for texts. */
  private static void text(Message summary, String tag, List<?> sentences) {
    String paragraphs = String.join("\n\n", sentences.stream().map(Object::toString).toList());
    Message shape = new Message().message(2, new Message().integer(1, 1));
    Message tensor =
        new Message().integer(1, 7 /* DT_STRING */).message(2, shape).text(8, paragraphs);
    Message metadata =
        new Message()
            .message(1, new Message().text(1, "text"))
            .integer(4, 2 /* DATA_CLASS_TENSOR */);
    summary.message(1, new Message().text(1, tag).message(8, tensor).message(9, metadata));
  }

  /** One record: length, its checksum, data, its checksum; little-endian. */
  private void write(Message event) throws IOException {
    byte[] data = event.toBytes();
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    length.putLong(data.length);
    ByteBuffer out =
        ByteBuffer.allocate(Long.BYTES + data.length + 2 * Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(length.array())
            .putInt(maskedChecksum(length.array()))
            .put(data)
            .putInt(maskedChecksum(data))
            .flip();
    JsonLines.write(channel, out, file);
  }

  private static int maskedChecksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
