package dev.hindsight.sdpo.code.sandbox;

/**
 * How much a solution may take.
 *
 * @param testMillis milliseconds for one test: of the clock, or of the processor where a busy
 *     machine makes that less, up to four times as many by the clock
 * @param totalMillis the same for all tests of one solution; tests that were not begun by then
 *     count as out of time
 * @param compileMillis wall-clock milliseconds for compiling
 * @param memoryMegabytes heap of the JVM that runs solutions
 * @param stackMegabytes stack of the thread that runs a solution
 * @param outputBytes the most that a test may print, to each of the two streams
 * @param sourceCharacters the longest source that is compiled
 * @param workers solutions that are run at the same time; each has a JVM of its own
 */
public record SandboxLimits(
    int testMillis,
    int totalMillis,
    int compileMillis,
    int memoryMegabytes,
    int stackMegabytes,
    int outputBytes,
    int sourceCharacters,
    int workers) {

  /** The paper's 6 s a test, and half of its 1 GB; 12 s in all. */
  public static final SandboxLimits DEFAULT =
      new SandboxLimits(
          6_000,
          12_000,
          10_000,
          512,
          64,
          1 << 20,
          65_536,
          Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4));

  public SandboxLimits {
    require(testMillis > 0, "testMillis", testMillis, "at least 1");
    require(totalMillis >= testMillis, "totalMillis", totalMillis, "at least testMillis");
    require(compileMillis > 0, "compileMillis", compileMillis, "at least 1");
    require(memoryMegabytes >= 32, "memoryMegabytes", memoryMegabytes, "at least 32");
    require(
        stackMegabytes > 0 && stackMegabytes <= 1024, "stackMegabytes", stackMegabytes, "1..1024");
    require(outputBytes > 0, "outputBytes", outputBytes, "at least 1");
    require(sourceCharacters > 0, "sourceCharacters", sourceCharacters, "at least 1");
    require(workers > 0, "workers", workers, "at least 1");
  }

  private static void require(boolean holds, String name, int given, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "sandbox limits: " + name + " is " + given + ", expected " + expected);
    }
  }

  /** These limits with others for time. */
  public SandboxLimits withTime(int newTestMillis, int newTotalMillis) {
    return new SandboxLimits(
        newTestMillis,
        newTotalMillis,
        compileMillis,
        memoryMegabytes,
        stackMegabytes,
        outputBytes,
        sourceCharacters,
        workers);
  }

  /** These limits with another heap. */
  public SandboxLimits withMemory(int megabytes) {
    return new SandboxLimits(
        testMillis,
        totalMillis,
        compileMillis,
        megabytes,
        stackMegabytes,
        outputBytes,
        sourceCharacters,
        workers);
  }

  /** These limits with another number of children. */
  public SandboxLimits withWorkers(int count) {
    return new SandboxLimits(
        testMillis,
        totalMillis,
        compileMillis,
        memoryMegabytes,
        stackMegabytes,
        outputBytes,
        sourceCharacters,
        count);
  }
}
