package dev.hindsight.autograd;

import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One backward pass: takes the waiting node with the largest sequence number, hands its gradient
 * through, and lets the inputs wait in turn. A heap and no recursion: a graph may be as deep as
 * memory allows.
 *
 * <p>Two kinds: one adds to every leaf it meets; the other brings the gradients of given targets
 * back and leaves leaves alone. The second marks the nodes on a path to a target first, and goes
 * nowhere else.
 *
 * <p>Where a {@link Workspace} is open and no graph of the gradient is made, the memory of
 * gradients and of an op's temporaries goes back as soon as nobody waits for them. That of values
 * goes back when the caller {@linkplain Autograd.Keep keeps nothing}. Ops of users are trusted with
 * neither: what they see, and what they allocate, stays until the reset.
 */
final class Walk {
  private static final AtomicLong WALKS = new AtomicLong();

  private final Autograd.Keep keep;
  private final boolean record;
  private final Node @Nullable [] targets;
  private final @Nullable Variable[] found;
  private long mark = WALKS.incrementAndGet();

  /** What is being handed through. */
  private @Nullable Node current;

  /** What waited when another walk began within this one. */
  private @Nullable Variable[] waiting = {};

  private boolean[] waitingOwned = {};

  private Node[] heap = new Node[16];
  private int size;

  private @Nullable Node root;
  private @Nullable Workspace workspace;

  private Walk(Node @Nullable [] targets, Autograd.Keep keep, boolean record) {
    this.targets = targets;
    this.found = new Variable[targets == null ? 0 : targets.length];
    this.keep = keep;
    this.record = record;
  }

  static void accumulate(Variable output, Variable seed, Autograd.Keep keep) {
    new Walk(null, keep, false).run(output, seed);
  }

  static @Nullable Variable[] gradients(
      Variable output, Variable seed, Node[] targets, boolean retain, boolean record) {
    Autograd.Keep keep = retain || record ? Autograd.Keep.GRAPH : Autograd.Keep.VALUES;
    Walk walk = new Walk(targets, keep, record);
    if (walk.markPaths(output.node())) {
      walk.run(output, seed);
    }
    return walk.found;
  }

  private void run(Variable output, Variable seed) {
    Autograd.State state = Autograd.state();
    boolean recording = state.recording;
    boolean accumulating = state.accumulating;
    state.recording = record;
    state.accumulating = targets == null;
    Node root = output.node();
    this.root = root;
    Workspace open = record ? null : Workspace.current();
    workspace = open;
    boolean watched = open != null && open.watch(true);
    Walk outer = state.walk;
    state.walk = this;
    if (outer != null) {
      outer.suspend();
    }
    try {
      deliver(root, seed, false);
      while (size > 0) {
        visit(pop());
      }
    } finally {
      state.recording = recording;
      state.accumulating = accumulating;
      if (open != null) {
        open.watch(watched);
      }
      for (int i = 0; i < size; i++) { // after a failure: leave nothing behind for the next walk
        heap[i].pending = null;
      }
      state.walk = outer;
      if (outer != null) {
        outer.resume();
      }
    }
  }

  /** Another walk may go over the same nodes: takes from them what waits there. */
  private void suspend() {
    waiting = new Variable[size];
    waitingOwned = new boolean[size];
    for (int i = 0; i < size; i++) {
      waiting[i] = heap[i].pending;
      waitingOwned[i] = heap[i].pendingOwned;
      heap[i].pending = null;
    }
  }

  /** Puts it back, and marks again the paths that are still to go. */
  private void resume() {
    for (int i = 0; i < size; i++) {
      heap[i].pending = waiting[i];
      heap[i].pendingOwned = waitingOwned[i];
    }
    if (targets == null) {
      return;
    }
    mark = WALKS.incrementAndGet();
    for (int i = 0; i < size; i++) {
      markPaths(heap[i]);
    }
    if (current != null) {
      markPaths(current);
    }
  }

  private void visit(Node node) {
    Variable gradient = node.pending;
    node.pending = null;
    current = node;
    handThrough(node, gradient);
    current = null;
    gradient.tensor().storage().release();
    if (workspace != null) {
      workspace.sweep();
    }
  }

  private void handThrough(Node node, Variable arrived) {
    Variable gradient = arrived;
    if (node.hooks != null) {
      watch(false);
      gradient = node.hooked(arrived);
      watch(true);
    }
    if (targets == null && node instanceof Leaf leaf) {
      leaf.accumulate(gradient.tensor());
      return;
    }
    if (targets != null) {
      for (int i = 0; i < targets.length; i++) {
        if (targets[i] == node) {
          found[i] = gradient;
          gradient.tensor().storage().pin();
        }
      }
    }
    if (!(node instanceof Op op)) {
      return;
    }
    if (op.isFreed()) {
      throw op.freedError();
    }
    if (op instanceof Checkpoint checkpoint) {
      watch(false);
      Variable again = checkpoint.again();
      watch(true);
      if (again.node() != null && (targets == null || markPaths(again.node()))) {
        deliver(again.node(), gradient, false);
      }
    } else if (wantsInputs(op)) {
      @Nullable Node[] edges = op.edges();
      @Nullable Variable[] gradients = backward(op, gradient);
      if (gradients.length != edges.length) {
        throw new IllegalStateException(
            op.name()
                + " backward: gave "
                + gradients.length
                + " gradients for "
                + edges.length
                + " inputs");
      }
      for (int i = 0; i < edges.length; i++) {
        if (edges[i] != null && gradients[i] != null) {
          requireShape(op, i, edges[i], gradients[i]);
          deliver(edges[i], gradients[i], op.givesNewTensors());
        }
      }
    } else {
      return;
    }
    if (keep != Autograd.Keep.GRAPH) {
      op.free(keep == Autograd.Keep.NOTHING && op != root);
    }
  }

  private @Nullable Variable[] backward(Op op, Variable gradient) {
    if (op.isBuiltIn()) {
      return op.backward(gradient);
    }
    gradient.tensor().storage().pin();
    watch(false);
    @Nullable Variable[] gradients = op.backward(gradient);
    watch(true);
    return gradients;
  }

  private void watch(boolean on) {
    if (workspace != null) {
      workspace.watch(on);
    }
  }

  private static void requireShape(Op op, int i, Node input, Variable gradient) {
    if (input instanceof Op from
        && from.shape() != null
        && !gradient.shape().equals(from.shape())) {
      throw new IllegalStateException(
          op.name()
              + " backward: the gradient of input "
              + i
              + " has shape "
              + gradient.shape()
              + ", the input has "
              + from.shape());
    }
  }

  private boolean wantsInputs(Op op) {
    if (targets == null) {
      return true;
    }
    for (Node n : op.edges()) {
      if (n != null && n.mark == mark) {
        return true;
      }
    }
    return false;
  }

  private void deliver(Node node, Variable gradient, boolean owned) {
    if (targets == null) {
      if (node instanceof Leaf leaf && leaf.hooks == null) {
        leaf.accumulate(gradient.tensor());
        return;
      }
    } else if (node.mark != mark) {
      return;
    }
    Variable pending = node.pending;
    if (pending == null) {
      node.pending = gradient;
      node.pendingOwned = owned && !record && gradient.tensor().isContiguous();
      gradient.tensor().storage().retain();
      push(node);
    } else if (node.pendingOwned && !record) {
      TensorOps.addScaled(gradient.tensor(), 1, pending.tensor());
    } else {
      Variable sum = pending.add(gradient);
      sum.tensor().storage().retain();
      node.pending = sum;
      node.pendingOwned = true;
      pending.tensor().storage().release();
    }
  }

  /**
   * Marks every node behind {@code root} from which a target can be reached, but where that is
   * known; whether {@code root} is one of them. A checkpoint may be one: what its function reads
   * shows when it is applied again, and is marked then.
   */
  private boolean markPaths(Node root) {
    long lowest = Long.MAX_VALUE;
    for (Node t : targets) {
      lowest = Math.min(lowest, t.sequence);
    }
    if (root.mark == mark || root.mark == -mark) {
      return root.mark == mark;
    }
    Node[] reached = new Node[64];
    int count = 0;
    reached[count++] = root;
    root.mark = -mark;
    for (int i = 0; i < count; i++) {
      if (!(reached[i] instanceof Op op)) {
        continue;
      }
      for (Node n : op.edges()) {
        if (n != null && n.mark != mark && n.mark != -mark && n.sequence >= lowest) {
          n.mark = -mark;
          if (count == reached.length) {
            reached = Arrays.copyOf(reached, 2 * count);
          }
          reached[count++] = n;
        }
      }
    }
    Arrays.sort(reached, 0, count, (a, b) -> Long.compare(a.sequence, b.sequence));
    for (Node t : targets) {
      if (t.mark == -mark) {
        t.mark = mark;
      }
    }
    for (int i = 0; i < count; i++) {
      Node n = reached[i];
      // a freed op has to say so
      if (n instanceof Checkpoint || (n instanceof Op op && (op.isFreed() || wantsInputs(op)))) {
        n.mark = mark;
      }
    }
    return root.mark == mark;
  }

  private void push(Node node) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    int i = size++;
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (heap[parent].sequence >= node.sequence) {
        break;
      }
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = node;
  }

  private Node pop() {
    Node top = heap[0];
    Node last = heap[--size];
    heap[size] = null;
    if (size > 0) {
      int i = 0;
      while (true) {
        int child = 2 * i + 1;
        if (child >= size) {
          break;
        }
        if (child + 1 < size && heap[child + 1].sequence > heap[child].sequence) {
          child++;
        }
        if (last.sequence >= heap[child].sequence) {
          break;
        }
        heap[i] = heap[child];
        i = child;
      }
      heap[i] = last;
    }
    return top;
  }
}
