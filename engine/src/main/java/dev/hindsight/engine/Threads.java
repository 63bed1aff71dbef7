package dev.hindsight.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The one thread pool of the CPU kernels. Work comes in chunks, and threads take the next free one,
 * so a core that another process holds does not stall the rest. What a chunk holds does not depend
 * on the number of threads wherever that could be seen in a result (sums over chunks): the bits
 * depend neither on the number of threads nor on who took what.
 *
 * <p>The number of threads is what {@link #set} says, else the environment variable {@code
 * HINDSIGHT_THREADS}, else the available processors.
 */
public final class Threads {
  /** One chunk of a parallel loop. */
  @FunctionalInterface
  public interface Chunk {
    /** Does chunk number {@code index}. */
    void run(int index);
  }

  private static final String VARIABLE = "HINDSIGHT_THREADS";
  private static final int LARGEST = 1024;

  /**
   * How long a thread without work keeps its core: longer than the gaps between the kernels of a
   * training step, because a sleeping worker joins some 50 microseconds late. Then it sleeps. It
   * does not yield: two threads that yield to one another on one core count as busy there, and
   * Linux was seen to leave them so for seconds, with the next core idle; a thread that is woken is
   * given an idle core.
   */
  private static final long SPIN_NANOS = 100_000;

  private static final Object LOCK = new Object();

  /** 0 until somebody sets it or asks: a bad variable is an error of the call, not of the class. */
  private static volatile int count;

  private static volatile @Nullable Pool pool;

  private Threads() {}

  private static int initial() {
    String text = System.getenv(VARIABLE);
    return text == null || text.isBlank()
        ? Runtime.getRuntime().availableProcessors()
        : parse(text.strip());
  }

  /** The number of threads that the environment variable asks for. */
  static int parse(String text) {
    int threads;
    try {
      threads = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      threads = 0;
    }
    if (!isPossible(threads)) {
      throw new IllegalArgumentException(
          VARIABLE
              + ": expected a number of threads from 1 to "
              + LARGEST
              + ", got '"
              + text
              + "'; unset the variable to use all processors");
    }
    return threads;
  }

  private static boolean isPossible(int threads) {
    return threads >= 1 && threads <= LARGEST;
  }

  /**
   * How many threads take part, the caller included.
   *
   * @throws IllegalArgumentException when {@code HINDSIGHT_THREADS} decides and is no number from 1
   *     to 1024
   */
  public static int count() {
    int threads = count;
    if (threads == 0) {
      synchronized (LOCK) {
        if (count == 0) {
          count = initial();
        }
        threads = count;
      }
    }
    return threads;
  }

  /**
   * Sets how many threads take part in loops that start from now on.
   *
   * @throws IllegalArgumentException when {@code threads} is not from 1 to 1024
   */
  public static void set(int threads) {
    if (!isPossible(threads)) {
      throw new IllegalArgumentException("threads: expected 1 to " + LARGEST + ", got " + threads);
    }
    synchronized (LOCK) {
      count = threads;
      Pool old = pool;
      pool = null;
      if (old != null) {
        old.stop(); // a loop that runs on it is finished by its caller
      }
    }
  }

  /**
   * Runs chunks {@code 0 .. chunks - 1}, in any order and on any thread, and returns when all are
   * done. Inside a chunk, or while another thread's loop has the pool, the calling thread does all
   * of them itself. When chunks throw, the exception of the lowest is thrown here.
   */
  public static void run(int chunks, Chunk work) {
    if (chunks > 1 && count() > 1 && !(Thread.currentThread() instanceof Worker)) {
      Pool p = pool;
      if (p == null) {
        p = create();
      }
      if (p.tryRun(chunks, work)) {
        return;
      }
    }
    for (int i = 0; i < chunks; i++) {
      work.run(i);
    }
  }

  private static Pool create() {
    synchronized (LOCK) {
      Pool p = pool;
      if (p == null) {
        p = new Pool(count() - 1);
        pool = p;
      }
      return p;
    }
  }

  /** One parallel loop; the inherited counter is the next free chunk. */
  @SuppressWarnings("serial")
  private static final class Loop extends AtomicInteger {
    final int chunks;
    final Chunk work;
    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Thread waiting;
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

    /** Does chunks until none is free. */
    void help() {
      int mine = 0;
      for (int i = getAndIncrement(); i < chunks; i = getAndIncrement()) {
        try {
          work.run(i);
        } catch (Throwable t) {
          failed(i, t);
        }
        mine++;
      }
      if (mine > 0 && done.addAndGet(mine) == chunks) {
        LockSupport.unpark(waiting); // null when nobody sleeps
      }
    }

    /** Returns when all chunks are done; those that others have taken may still be running. */
    void await() {
      long start = System.nanoTime();
      while (done.get() < chunks) {
        if (System.nanoTime() - start < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          waiting = Thread.currentThread(); // a worker lost its core in the middle of a chunk
          if (done.get() < chunks) {
            LockSupport.park(this);
          }
        }
      }
    }
  }

  private static final class Pool {
    private final Worker[] workers;

    /** The thread whose loop has the pool. */
    private final AtomicReference<@Nullable Thread> owner = new AtomicReference<>();

    private volatile @Nullable Loop loop;
    private volatile boolean stopped;

    Pool(int workers) {
      this.workers = new Worker[workers];
      for (int i = 0; i < workers; i++) {
        this.workers[i] = new Worker(this, "hindsight-" + (i + 1));
      }
      for (Worker worker : this.workers) {
        worker.start();
      }
    }

    boolean tryRun(int chunks, Chunk work) {
      if (stopped || !owner.compareAndSet(null, Thread.currentThread())) {
        return false;
      }
      Loop l = new Loop(chunks, work);
      loop = l;
      int wanted = Math.min(workers.length, chunks - 1);
      for (int i = 0; i < wanted; i++) {
        workers[i].wake();
      }
      l.help();
      l.await();
      loop = null;
      owner.set(null);
      l.rethrow();
      return true;
    }

    void stop() {
      stopped = true;
      for (Worker worker : workers) {
        worker.wake();
      }
    }
  }

  private static final class Worker extends Thread {
    private final Pool pool;
    private volatile boolean asleep;

    Worker(Pool pool, String name) {
      super(name);
      this.pool = pool;
      setDaemon(true);
    }

    /** A worker that is awake sees the loop by itself: waking it would cost a system call. */
    void wake() {
      if (asleep) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      while (!pool.stopped) {
        if (!helped() && !spin()) {
          asleep = true;
          // Whoever publishes a loop after this look sees that we are asleep.
          if (!hasWork() && !pool.stopped) {
            LockSupport.park(pool);
          }
          asleep = false;
        }
      }
    }

    private boolean helped() {
      Loop l = pool.loop;
      if (l == null || l.get() >= l.chunks) {
        return false;
      }
      l.help();
      return true;
    }

    private boolean hasWork() {
      Loop l = pool.loop;
      return l != null && l.get() < l.chunks;
    }

    /** Waits for work for a while; false when none came. */
    private boolean spin() {
      long start = System.nanoTime();
      do {
        for (int i = 0; i < 64; i++) {
          if (hasWork()) {
            return true;
          }
          Thread.onSpinWait();
        }
      } while (!pool.stopped && System.nanoTime() - start < SPIN_NANOS);
      return hasWork();
    }
  }
}
