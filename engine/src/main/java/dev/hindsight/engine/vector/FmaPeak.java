package dev.hindsight.engine.vector;

import dev.hindsight.engine.Threads;
import jdk.incubator.vector.FloatVector;

/**
 * What this machine's fused multiply-adds can do at most, measured now: chains in registers that
 * touch no memory. Kernels are judged against it.
 */
final class FmaPeak {
  /** Independent chains: more than the latency of an FMA times its units, fewer than registers. */
  private static final int CHAINS = 12;

  private static final int ROUNDS = 4_000;

  /** Short, for the first ones are interpreted. */
  private static final int WARM_UP_ROUNDS = 500;

  /** No compiled code is slower, on any machine with vectors, and no interpreted one as fast. */
  private static final double COMPILED = 3e9;

  private static final long WARM_UP_LIMIT = 600_000_000L;

  /** Chunks a thread and turn, so that handing them out costs nothing. */
  private static final int TURNS = 8;

  private static final long PATIENCE = 80_000_000L;

  private static final long LIMIT = 500_000_000L;

  /** Keeps results alive for the compiler. */
  private static volatile float sink;

  private FmaPeak() {}

  /** Floating-point operations a second over all threads; a fused multiply-add counts as two. */
  static double measure() {
    warmUp();
    int threads = Threads.count();
    long begin = System.nanoTime();
    long found = begin;
    double best = 0;
    // a turn before the compiler was done, or one that another process disturbed, is not the best
    while (found - begin < LIMIT && System.nanoTime() - found < PATIENCE) {
      long start = System.nanoTime();
      Threads.run(threads * TURNS, i -> sink = chains(1 + i, ROUNDS));
      double seconds = (System.nanoTime() - start) / 1e9;
      double rate = 2.0 * Simd.LANES * CHAINS * ROUNDS * TURNS * threads / seconds;
      if (rate > 1.1 * best) {
        found = System.nanoTime();
      }
      best = Math.max(best, rate);
    }
    return best;
  }

  private static void warmUp() {
    long begin = System.nanoTime();
    long start;
    double rate;
    do {
      start = System.nanoTime();
      sink = chains(1, WARM_UP_ROUNDS);
      rate = 2e9 * Simd.LANES * CHAINS * WARM_UP_ROUNDS / (System.nanoTime() - start);
    } while (rate < COMPILED && start - begin < WARM_UP_LIMIT);
  }

  private static float chains(float seed, int rounds) {
    FloatVector x = FloatVector.broadcast(Simd.F, 0.999999f);
    FloatVector y = FloatVector.broadcast(Simd.F, 1e-9f * seed);
    FloatVector a = y;
    FloatVector b = y;
    FloatVector c = y;
    FloatVector d = y;
    FloatVector e = y;
    FloatVector f = y;
    FloatVector g = y;
    FloatVector h = y;
    FloatVector k = y;
    FloatVector l = y;
    FloatVector m = y;
    FloatVector n = y;
    for (int i = 0; i < rounds; i++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
      m = m.fma(x, y);
      n = n.fma(x, y);
    }
    return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(k).add(l).add(m).add(n).lane(0);
  }
}
