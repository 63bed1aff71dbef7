package dev.hindsight.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Measures cases on Hindsight and its peers in turns: one round each, again and again, so that a
 * machine that slows down slows all of them. What is compared are medians over the rounds.
 */
final class SideBySide {
  /** Peers that spin after their work have stopped by then. */
  private static final long REST_MILLIS = 150;

  /**
   * @param rounds measurements of each case and contender
   * @param seconds of one
   * @param warmUp at most so many seconds before the first
   */
  record Effort(int rounds, double seconds, double warmUp) {
    static final Effort FULL = new Effort(7, 0.5, 20);
    static final Effort QUICK = new Effort(3, 0.1, 2.5);
  }

  private final Peer ours;
  private final List<Peer> peers;
  private final Effort effort;

  SideBySide(Peer ours, List<Peer> peers, Effort effort) {
    this.ours = ours;
    this.peers = peers;
    this.effort = effort;
  }

  /** What ran, and on what: one line a contender. */
  interface Listener {
    void contender(int threads, String name, String description);

    /** What a contender says at the end about where it computed what. */
    void summary(int threads, String name, String summary);

    void limits(int threads, Limits limits);

    void row(Row row);

    /** Why there is no figure of this contender. */
    void failed(Case work, int threads, String name, String reason);

    /** A case that is not measured, because its step would take so many seconds at least. */
    void leftOut(Case work, int threads, double seconds);
  }

  /**
   * Measures cases with so many threads.
   *
   * @param longest seconds that a step may take where the limits are reached; longer ones are left
   *     out
   */
  void run(List<Case> cases, int threads, double longest, Listener listener) throws IOException {
    List<WorkerProcess> workers = new ArrayList<>();
    try {
      workers.add(start(ours, threads));
      Limits limits = limits(workers.getFirst());
      listener.limits(threads, limits);
      for (Peer peer : peers) {
        workers.add(start(peer, threads));
      }
      for (WorkerProcess w : workers) {
        listener.contender(threads, w.name(), w.ask("describe"));
      }
      for (Case c : cases) {
        double seconds = c.work() / c.limit(limits);
        if (c instanceof Case.Memory) {
          continue;
        }
        if (seconds > longest) {
          listener.leftOut(c, threads, seconds);
          continue;
        }
        rows(c, threads, rates(c, threads, workers, listener), limits, false, listener::row);
      }
      for (WorkerProcess w : workers) {
        String summary = w.askAnyway("summary"); // Python knows of none
        if (!summary.isEmpty() && !summary.startsWith(Worker.ERROR)) {
          listener.summary(threads, w.name(), summary);
        }
      }
    } finally {
      for (WorkerProcess w : workers) {
        w.close();
      }
    }
    for (Case c : cases) {
      if (c instanceof Case.Memory) {
        rows(c, threads, peaks(c, threads), null, true, listener::row);
      }
    }
  }

  private static Limits limits(WorkerProcess hindsight) throws IOException {
    String[] two = hindsight.ask("limits").split(" ", -1);
    return new Limits(Double.parseDouble(two[0]), Double.parseDouble(two[1]));
  }

  /** The rates of all rounds, by contender. */
  private Map<String, double[]> rates(
      Case c, int threads, List<WorkerProcess> workers, Listener listener) throws IOException {
    Map<String, double[]> rates = new LinkedHashMap<>();
    List<WorkerProcess> able = new ArrayList<>();
    for (WorkerProcess w : workers) {
      String answer = w.askAnyway("prepare " + c.id());
      if (answer.equals("ready")) {
        able.add(w);
        w.ask("warm " + effort.warmUp);
        rates.put(w.name(), new double[effort.rounds]);
        rest();
      } else if (answer.startsWith(Worker.ERROR)) {
        listener.failed(c, threads, w.name(), answer.substring(Worker.ERROR.length()));
      }
    }
    for (int round = 0; round < effort.rounds; round++) {
      for (WorkerProcess w : able) {
        Objects.requireNonNull(rates.get(w.name()))[round] =
            c.work() * w.number("run " + effort.seconds);
        if (able.size() > 1) {
          rest();
        }
      }
    }
    return rates;
  }

  /** Peak memory of fresh processes after some steps. */
  private Map<String, double[]> peaks(Case c, int threads) throws IOException {
    Map<String, double[]> peaks = new LinkedHashMap<>();
    List<Peer> all = new ArrayList<>();
    all.add(ours);
    all.addAll(peers);
    for (Peer p : all) {
      try (WorkerProcess w = start(p, threads)) {
        if (w.ask("prepare " + c.id()).equals("ready")) {
          w.ask("run " + Math.max(2, effort.warmUp));
          peaks.put(p.name(), new double[] {w.number("peak")});
        }
      }
    }
    return peaks;
  }

  private void rows(
      Case c,
      int threads,
      Map<String, double[]> values,
      @Nullable Limits limits,
      boolean lessIsBetter,
      Consumer<Row> to) {
    double[] mine = values.remove(ours.name());
    if (mine == null) {
      return; // it has failed
    }
    double ours = quantile(mine, .5);
    double spread = (quantile(mine, .75) - quantile(mine, .25)) / 2 / ours;
    double share = limits == null ? Double.NaN : ours / c.limit(limits);
    if (values.isEmpty()) {
      to.accept(new Row(c, threads, ours, spread, null, Double.NaN, Double.NaN, share));
    }
    values.forEach(
        (peer, rates) -> {
          double theirs = quantile(rates, .5);
          double ratio = lessIsBetter ? theirs / ours : ours / theirs;
          to.accept(new Row(c, threads, ours, spread, peer, theirs, ratio, share));
        });
  }

  /** With linear interpolation between neighbours. */
  static double quantile(double[] values, double q) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double at = q * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /** A process of a contender. */
  static WorkerProcess start(Peer peer, int threads) throws IOException {
    Map<String, String> environment = new HashMap<>();
    String n = Integer.toString(threads);
    environment.put("HINDSIGHT_THREADS", n);
    environment.put("OMP_NUM_THREADS", n);
    environment.put("OPENBLAS_NUM_THREADS", n);
    environment.put("MKL_NUM_THREADS", n);
    // its best setting where cores are shared: waiting threads sleep
    environment.put("OMP_WAIT_POLICY", "PASSIVE");
    if (peer.name().equals("openblas") && hasAvx512()) {
      environment.put("OPENBLAS_CORETYPE", "SkylakeX"); // left alone it may choose Haswell
    }
    return new WorkerProcess(peer, environment);
  }

  private static boolean hasAvx512() {
    try {
      return java.nio.file.Files.readString(java.nio.file.Path.of("/proc/cpuinfo"))
          .contains(" avx512vl");
    } catch (IOException e) {
      return false;
    }
  }

  private static void rest() {
    try {
      Thread.sleep(REST_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("bench: interrupted", e);
    }
  }
}
