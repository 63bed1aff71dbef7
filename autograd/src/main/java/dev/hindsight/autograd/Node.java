package dev.hindsight.autograd;

import java.util.ArrayList;
import java.util.List;
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

  /** What is called with the whole gradient, in the order of registration; null when nothing is. */
  @Nullable List<Registration> hooks;

  /** One hook in one place: the same may be there twice. */
  static final class Registration {
    final Autograd.GradientHook hook;

    Registration(Autograd.GradientHook hook) {
      this.hook = hook;
    }
  }

  /** The last walk that wanted this node; see {@link Walk}. */
  long mark;

  Node(long sequence) {
    this.sequence = sequence;
  }

  final Registration add(Autograd.GradientHook hook) {
    Registration registration = new Registration(hook);
    List<Registration> all = hooks == null ? new ArrayList<>() : hooks;
    all.add(registration);
    hooks = all;
    return registration;
  }

  final void remove(Registration registration) {
    List<Registration> all = hooks;
    if (all != null && all.remove(registration) && all.isEmpty()) {
      hooks = null;
    }
  }

  /** The gradient after all hooks. */
  final Variable hooked(Variable gradient) {
    List<Registration> all = hooks;
    if (all == null) {
      return gradient;
    }
    gradient.tensor().storage().pin(); // a hook may keep it
    Variable g = gradient;
    for (Registration registration : List.copyOf(all)) {
      Variable other = registration.hook.apply(g);
      if (other == null) {
        continue;
      }
      if (!other.shape().equals(g.shape()) || other.tensor().dtype() != g.tensor().dtype()) {
        throw new IllegalStateException(
            "backward: a hook was given the gradient "
                + g.tensor()
                + " and returned "
                + other.tensor()
                + "; expected the same shape and type, or null to leave it as it is");
      }
      g = other;
    }
    return g;
  }
}
