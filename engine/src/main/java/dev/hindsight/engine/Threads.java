package dev.hindsight.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The one thread pool of the CPU kernels. Work comes as a fixed number of chunks whose contents do
 * not depend on how many threads there are; threads take the next free chunk, so a core that
 * another process holds does not stall the rest, and the bits of a result depend neither on the
 * number of threads nor on who took what.
 *
 * <p>The number of threads is {@code HINDSIGHT_THREADS}, else the available processors; {@link
 * #set} changes it.
 */
public final class Threads {
  /** One chunk of a parallel loop. */
  @FunctionalInterface
  public interface Chunk {
    /** Does chunk number {@code index}. */
    void run(int index);
  }

  private static final Object LOCK = new Object();
  private static volatile int count = initial();
  private static volatile @Nullable Pool pool;

  private Threads() {}

  private static int initial() {
    String text = System.getenv("HINDSIGHT_THREADS");
    if (text == null || text.isBlank()) {
      return Runtime.getRuntime().availableProcessors();
    }
    try {
      return checked(Integer.parseInt(text.strip()));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "HINDSIGHT_THREADS: expected a number of threads, got '" + text + "'", e);
    }
  }

  private static int checked(int threads) {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads: expected 1 to 1024, got " + threads);
    }
    return threads;
  }

  /** How many threads take part, the caller included. */
  public static int count() {
    return count;
  }

  /** Sets how many threads take part in loops that start from now on. */
  public static void set(int threads) {
    synchronized (LOCK) {
      count = checked(threads);
      Pool old = pool;
      pool = null;
      if (old != null) {
        old.stop();
      }
    }
  }

  /**
   * Runs chunks {@code 0 .. chunks - 1}, in any order and on any thread, and returns when all are
   * done. A loop inside a chunk runs on the chunk's own thread. When chunks throw, the exception of
   * the lowest is thrown here.
   */
  public static void run(int chunks, Chunk work) {
    if (chunks <= 1 || count == 1 || Pool.INSIDE.get() != null) {
      for (int i = 0; i < chunks; i++) {
        work.run(i);
      }
      return;
    }
    if (!pool().tryRun(chunks, work)) { // another thread's loop has the pool: do without
      for (int i = 0; i < chunks; i++) {
        work.run(i);
      }
    }
  }

  private static Pool pool() {
    Pool p = pool;
    if (p != null) {
      return p;
    }
    synchronized (LOCK) { // never held while chunks run: a chunk may call set
      p = pool;
      if (p == null) {
        p = new Pool(count - 1);
        pool = p;
      }
      return p;
    }
  }

  private static final class Pool {
    static final ThreadLocal<@Nullable Boolean> INSIDE = new ThreadLocal<>();

    /** How long an idle worker looks for work before it sleeps: some 20 microseconds. */
    private static final int SPINS = 2_000;

    private static final class Loop {
      final int chunks;
      final Chunk work;
      final AtomicInteger next = new AtomicInteger();
      final AtomicInteger done = new AtomicInteger();
      private @Nullable Throwable failure;
      private int failedChunk;

      Loop(int chunks, Chunk work) {
        this.chunks = chunks;
        this.work = work;
      }

      /** Keeps the failure of the lowest chunk, so that the same one is reported every time. */
      private synchronized void failed(int chunk, Throwable t) {
        if (failure == null || chunk < failedChunk) {
          failure = t;
          failedChunk = chunk;
        }
      }

      synchronized void rethrow() {
        switch (failure) {
          case null -> {}
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          case Throwable t -> throw new IllegalStateException("threads: a chunk failed", t);
        }
      }

      void help() {
        int i;
        while ((i = next.getAndIncrement()) < chunks) {
          try {
            work.run(i);
          } catch (Throwable t) {
            failed(i, t);
          } finally {
            done.incrementAndGet();
          }
        }
      }
    }

    private final Thread[] workers;
    private final AtomicInteger busy = new AtomicInteger();
    private volatile @Nullable Loop loop;
    private volatile boolean stopped;

    Pool(int workers) {
      this.workers = new Thread[workers];
      for (int i = 0; i < workers; i++) {
        Thread t = new Thread(this::work, "hindsight-" + (i + 1));
        t.setDaemon(true);
        this.workers[i] = t;
        t.start();
      }
    }

    boolean tryRun(int chunks, Chunk work) {
      if (stopped || !busy.compareAndSet(0, 1)) {
        return false;
      }
      Loop l = new Loop(chunks, work);
      loop = l;
      int wake = Math.min(workers.length, chunks - 1);
      for (int i = 0; i < wake; i++) {
        LockSupport.unpark(workers[i]);
      }
      INSIDE.set(Boolean.TRUE);
      try {
        l.help();
      } finally {
        INSIDE.remove();
      }
      int spins = 0;
      while (l.done.get() < chunks) {
        if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      loop = null;
      busy.set(0);
      l.rethrow();
      return true;
    }

    private void work() {
      INSIDE.set(Boolean.TRUE);
      int spins = 0;
      while (!stopped) {
        Loop l = loop;
        if (l != null && l.next.get() < l.chunks) {
          l.help();
          spins = 0;
        } else if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.parkNanos(this, 50_000_000L);
          spins = 0;
        }
      }
    }

    void stop() {
      stopped = true;
      for (Thread t : workers) {
        LockSupport.unpark(t);
      }
    }
  }
}
