package dev.hindsight.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * One contender in a process of its own: threads that one library leaves spinning, and what its
 * code does to the compiler or to memory, cannot reach another. Obeys lines on standard input; each
 * answer is a line on standard output that begins with {@link #ANSWER}, for libraries print, too.
 */
public final class Worker {
  static final String ANSWER = "@bench ";

  /** A window that is not so much quicker than the best before is no progress. */
  private static final double PROGRESS = 1.03;

  private static final int WINDOWS_WITHOUT_PROGRESS = 3;

  /** Seconds; whole models run hundreds of methods, which the compiler takes one by one. */
  private static final double KERNEL_WINDOW = 0.15;

  private static final double MODEL_WINDOW = 1;

  /** Seconds of steps between two looks at the clock, for which a device has to be waited for. */
  private static final double BATCH = 0.01;

  /** What an answer begins with that is none. */
  static final String ERROR = "error ";

  /** The answer where the backend has no such device as {@code --device} asks for. */
  static final String NO_DEVICE = ERROR + "device: ";

  private final Contender contender;
  private @Nullable Case work;
  private @Nullable Runnable step;
  private long batch = 1;

  private Worker(Contender contender) {
    this.contender = contender;
  }

  /**
   * @param args the contender's name
   */
  public static void main(String[] args) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Worker worker = null;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        worker = worker == null ? new Worker(contender(args[0])) : worker;
        int blank = line.indexOf(' ');
        String verb = blank < 0 ? line : line.substring(0, blank);
        answer = worker.answer(verb, blank < 0 ? "" : line.substring(blank + 1));
      } catch (Exception | Error e) {
        // whatever it is: a process that ends without an answer tells nobody why
        answer =
            ERROR + Objects.requireNonNullElse(e.getMessage(), e).toString().replace('\n', ' ');
      }
      System.out.println(ANSWER + answer);
      System.out.flush();
    }
  }

  /** A peer's library of that name, or else a backend of this project. */
  private static Contender contender(String name) {
    return ServiceLoader.load(Contender.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseGet(() -> new Hindsight(name));
  }

  private String answer(String verb, String rest) throws IOException {
    return switch (verb) {
      case "describe" -> contender.description();
      case "summary" -> contender.summary();
      case "limits" -> {
        Limits limits = ((Hindsight) contender).limits();
        yield limits.gigaflops() + " " + limits.gigabytes();
      }
      case "prepare" -> prepare(Cases.of(rest)) ? "ready" : "none";
      case "warm" -> {
        warm(Double.parseDouble(rest));
        yield "warm";
      }
      case "run" -> Double.toString(rate(Double.parseDouble(rest)));
      case "tensors" -> Double.toString(tensorMemory());
      case "peak" -> Double.toString(peakResident());
      default -> throw new IllegalArgumentException("bench worker: " + verb);
    };
  }

  /** Also does the first step: what does not fit into the memory of a device shows there. */
  private boolean prepare(Case c) {
    work = c;
    step = null; // what it holds may go
    step = contender.prepare(c);
    batch = 1;
    if (step != null) {
      step.run();
      contender.synchronise();
    }
    return step != null;
  }

  /** Runs until no window of time has been clearly quicker than the best for a while. */
  private void warm(double limit) {
    boolean kernel =
        work instanceof Case.Sgemm
            || work instanceof Case.Elementwise
            || work instanceof Case.Attention;
    double window = kernel ? KERNEL_WINDOW : MODEL_WINDOW;
    long begin = System.nanoTime();
    double best = 0;
    int without = 0;
    while (without < WINDOWS_WITHOUT_PROGRESS && System.nanoTime() - begin < 1e9 * limit) {
      double now = rate(window);
      without = now < PROGRESS * best ? without + 1 : 0;
      best = Math.max(best, now);
    }
  }

  /**
   * Steps a second. Steps of a device are queued, and waiting for each would let it idle: so many
   * are run that a wait costs nothing, and what was queued is waited for.
   */
  private double rate(double seconds) {
    Runnable s = prepared();
    long begin = System.nanoTime();
    long count = 0;
    double elapsed = 0;
    do {
      for (long i = 0; i < batch; i++) {
        s.run();
      }
      contender.synchronise();
      count += batch;
      double before = elapsed;
      elapsed = (System.nanoTime() - begin) / 1e9;
      if (elapsed - before < BATCH) {
        batch *= 2;
      }
    } while (elapsed < seconds);
    return count / elapsed;
  }

  private Runnable prepared() {
    Runnable s = step;
    if (s == null) {
      throw new IllegalStateException("bench worker: nothing is prepared");
    }
    return s;
  }

  /**
   * Megabytes (1e6) off the heap: weights, their gradients and moments, and the workspace, which
   * keeps what its largest step needed. The collector runs first: tensors of their own outlive
   * their use until it does.
   */
  private static double tensorMemory() {
    System.gc();
    try {
      Thread.sleep(200); // what became unreachable is freed by a thread that the collector wakes
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum()
        / 1e6;
  }

  /** Megabytes (1e6) of this process that were ever in memory at once; NaN where Linux is not. */
  private static double peakResident() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return Double.NaN;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) {
        return Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024 / 1e6;
      }
    }
    return Double.NaN;
  }
}
