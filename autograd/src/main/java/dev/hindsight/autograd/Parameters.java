package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What optimisers share: the named leaves that they update, and state of the same shapes. */
final class Parameters {
  private final String optimiser;
  private final Map<String, Variable> named;

  Parameters(String optimiser, Map<String, Variable> named) {
    this.optimiser = optimiser;
    this.named = new LinkedHashMap<>(named);
    this.named.forEach(
        (name, p) -> {
          if (!(p.node() instanceof Leaf)) {
            throw new IllegalArgumentException(
                optimiser + ": parameter " + name + " is no leaf; make it with Variable.leaf");
          }
          if (!p.tensor().isContiguous() || !p.tensor().storage().isPersistent()) {
            throw new IllegalArgumentException(
                optimiser
                    + ": parameter "
                    + name
                    + " must be contiguous and persistent; call keep() on its tensor first");
          }
        });
    requireEachOnce();
  }

  /** A weight under two names would be updated twice a step, by two threads at once. */
  private void requireEachOnce() {
    Map<Node, String> names = new IdentityHashMap<>();
    named.forEach(
        (name, p) -> {
          String former = names.put(p.node(), name);
          if (former != null) {
            throw new IllegalArgumentException(
                optimiser
                    + ": parameters "
                    + former
                    + " and "
                    + name
                    + " are the same leaf; name a tied weight once");
          }
        });
  }

  Map<String, Variable> named() {
    return named;
  }

  /** A tensor of zeros for each parameter, in memory that outlives every workspace. */
  Map<String, Tensor> zeros() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    named.forEach(
        (name, p) -> {
          Tensor t = p.tensor();
          state.put(
              name, Workspace.outside(() -> TensorOps.zeros(t.backend(), t.dtype(), t.shape())));
        });
    return state;
  }

  /** Copies saved state into {@code state}; names and shapes must be the same. */
  void restore(String what, Map<String, Tensor> saved, Map<String, Tensor> state) {
    if (!saved.keySet().equals(state.keySet())) {
      throw new IllegalArgumentException(
          optimiser
              + ": saved state "
              + what
              + " has parameters "
              + saved.keySet()
              + ", the optimiser has "
              + state.keySet());
    }
    saved.forEach(
        (name, from) -> {
          @Nullable Tensor to = state.get(name);
          if (to == null || !from.shape().equals(to.shape())) {
            throw new IllegalArgumentException(
                optimiser
                    + ": saved state "
                    + what
                    + " of "
                    + name
                    + " is "
                    + from
                    + ", not "
                    + to);
          }
          TensorOps.copy(from, to);
        });
  }
}
