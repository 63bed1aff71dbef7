package dev.hindsight.sdpo.code.worker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long a test has run: wall-clock time, or the processor time of this process where that is
 * less. So a solution does not run out of time because the machine has other work. Nothing that a
 * solution may call waits, so it can only compute.
 */
final class Stopwatch {
  private static final Path STAT = Path.of("/proc/self/stat");

  /** Ticks of a hundredth of a second, as Linux counts for programs on every architecture. */
  private static final long NANOS_A_TICK = 10_000_000;

  private final long began = System.nanoTime();
  private final long processorBegan = processorNanos();

  /** What counts so far, in milliseconds. */
  int millis() {
    long wall = System.nanoTime() - began;
    long processor = processorNanos();
    boolean known = processor >= 0 && processorBegan >= 0;
    return (int) ((known ? Math.min(wall, processor - processorBegan) : wall) / 1_000_000);
  }

  boolean isBeyond(int limitMillis) {
    return millis() >= limitMillis
        || System.nanoTime() - began >= (long) Trial.PATIENCE * limitMillis * 1_000_000;
  }

  /** Processor time of this process, all threads; -1 where the system does not tell. */
  private static long processorNanos() {
    try {
      String stat = Files.readString(STAT, StandardCharsets.ISO_8859_1);
      // after the command's name, which may hold anything: state is field 3, utime 14, stime 15
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * NANOS_A_TICK;
    } catch (IOException | RuntimeException e) {
      return -1;
    }
  }
}
