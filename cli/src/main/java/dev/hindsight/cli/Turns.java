package dev.hindsight.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/** Threads of which one goes on at a time, in the order of their numbers, until they leave. */
final class Turns {
  private final Deque<Integer> order = new ArrayDeque<>();

  /**
   * @param members numbered from 0, which has the first turn
   */
  Turns(int members) {
    for (int i = 0; i < members; i++) {
      order.add(i);
    }
  }

  /** Waits for a member's turn, interrupted or not. */
  synchronized void await(int member) {
    boolean interrupted = false;
    while (order.getFirst() != member) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends a member's turn and waits for its next one. */
  synchronized void pass(int member) {
    await(member);
    order.addLast(order.removeFirst());
    notifyAll();
    await(member);
  }

  /** Takes a member out; it may do so at any time. */
  synchronized void leave(int member) {
    order.remove(member);
    notifyAll();
  }
}
