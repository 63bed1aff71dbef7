package dev.hindsight.sdpo.code.sandbox;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Semaphore;

/** Warm children of one kind. One that was given up is replaced when it is next needed. */
final class WorkerPool implements AutoCloseable {
  /** After so many requests a child is replaced, whatever its health. */
  private static final int MOST_REQUESTS = 500;

  /** Starts a child. */
  interface Start {
    Worker start() throws WorkerLostException;
  }

  private final Start start;
  private final Semaphore places;
  private final Deque<Worker> idle = new ArrayDeque<>();
  private final List<Worker> all = new ArrayList<>();
  private boolean closed;

  WorkerPool(int size, Start start) {
    this.places = new Semaphore(size, true);
    this.start = start;
  }

  /** A child for this thread alone, until {@link #giveBack} or {@link #giveUp}. */
  Worker take() throws WorkerLostException {
    places.acquireUninterruptibly();
    boolean taken = false;
    try {
      Worker worker = null;
      synchronized (this) {
        while (worker == null && !idle.isEmpty()) {
          Worker next = idle.pop();
          worker = next.isAlive() ? next : null;
        }
      }
      if (worker == null) {
        worker = start.start();
        add(worker);
      }
      taken = true;
      return worker;
    } finally {
      if (!taken) {
        places.release();
      }
    }
  }

  private synchronized void add(Worker worker) throws WorkerLostException {
    if (closed) {
      worker.close();
      throw new WorkerLostException("the sandbox was closed", false);
    }
    all.add(worker);
  }

  void giveBack(Worker worker) {
    if (worker.requests() >= MOST_REQUESTS) {
      giveUp(worker);
      return;
    }
    synchronized (this) {
      idle.push(worker);
    }
    places.release();
  }

  void giveUp(Worker worker) {
    worker.close();
    synchronized (this) {
      all.remove(worker);
    }
    places.release();
  }

  @Override
  public synchronized void close() {
    closed = true;
    all.forEach(Worker::close);
    all.clear();
    idle.clear();
  }
}
