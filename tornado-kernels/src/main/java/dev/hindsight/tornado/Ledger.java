package dev.hindsight.tornado;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was computed where, and how long plans took to compile. */
final class Ledger {
  /** What may go to the device. */
  enum Work {
    PRODUCTS("matrix products"),
    ATTENTION("attention"),
    ATTENTION_GRADIENTS("gradients of attention");

    private final String words;

    Work(String words) {
      this.words = words;
    }
  }

  private static final class Tally {
    private long deviceCalls;
    private long calls;
    private double deviceOperations;
    private double operations;
  }

  private final Map<Work, Tally> tallies = new EnumMap<>(Work.class);
  private long compiled;
  private long compiling;

  /** One call of so many floating-point operations. */
  synchronized void count(Work work, boolean onDevice, double operations) {
    Tally tally = tallies.computeIfAbsent(work, w -> new Tally());
    tally.calls++;
    tally.operations += operations;
    if (onDevice) {
      tally.deviceCalls++;
      tally.deviceOperations += operations;
    }
  }

  /** {@code plan}, whose first run compiles it. */
  Machine.Plan timingFirstRun(Machine.Plan plan) {
    return new Machine.Plan() {
      private boolean first = true;

      @Override
      public void run() {
        long began = System.nanoTime();
        plan.run();
        if (first) {
          first = false;
          addCompiled(System.nanoTime() - began);
        }
      }

      @Override
      public void close() {
        plan.close();
      }
    };
  }

  /** A plan, whose first run took so long. */
  synchronized void addCompiled(long nanos) {
    compiled++;
    compiling += nanos;
  }

  /** One line for each kind of work there was, and one for the plans. */
  synchronized List<String> lines(String device) {
    List<String> lines = new ArrayList<>();
    tallies.forEach(
        (work, tally) ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "%s: %,d of %,d on %s, %.1f %% of their arithmetic; the rest on vector",
                    work.words,
                    tally.deviceCalls,
                    tally.calls,
                    device,
                    tally.operations == 0 ? 0 : 100 * tally.deviceOperations / tally.operations)));
    if (compiled > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "plans compiled: %,d, in %.1f s with their first runs",
              compiled,
              compiling / 1e9));
    }
    return lines;
  }
}
