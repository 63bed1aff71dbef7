package dev.hindsight.autograd;

import org.jspecify.annotations.Nullable;

/**
 * A vertex of the gradient graph: a {@link Leaf} or the {@link Op} that made a variable.
 *
 * <p>Sequence numbers grow along every path from the leaves, so that a walk which always takes the
 * largest one visits a node after all its consumers, without counting them first.
 */
abstract class Node {
  final long sequence;

  /** What has arrived of the gradient during a walk. */
  @Nullable Variable pending;

  /** Whether the walk made {@link #pending} itself and may therefore add to it in place. */
  boolean pendingOwned;

  /** The last walk that wanted this node; see {@link Walk}. */
  long mark;

  Node(long sequence) {
    this.sequence = sequence;
  }
}
