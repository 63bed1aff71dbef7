package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One recorded application of a differentiable operation: which variables it took, what it saved,
 * and how the gradient of its output becomes gradients of its inputs.
 *
 * <p>A subclass lives in a file named after the operation, forward beside backward:
 *
 * <pre>{@code
 * final class Cube extends Op {
 *   private final Saved x;
 *
 *   private Cube(Variable x) {
 *     super(x);
 *     this.x = save(x);
 *   }
 *
 *   static Variable apply(Variable x) {
 *     Tensor t = x.tensor();
 *     Tensor out = TensorOps.mul(TensorOps.mul(t, t), t);
 *     return records(x) ? new Cube(x).output(out) : Variable.constant(out);
 *   }
 *
 *   @Override
 *   protected @Nullable Variable[] backward(Variable dOut) {
 *     return gradients(dOut.mul(x.variable().square()).times(3));
 *   }
 * }
 * }</pre>
 *
 * <p>{@link #backward} is written in differentiable operations, which makes the op second-order;
 * where the backend has a fused primitive it is taken when {@link Autograd#isRecording()} is false,
 * that is when nobody asked for a graph of the gradient.
 */
public abstract class Op extends Node {
  private @Nullable Node[] edges;
  private @Nullable Shape shape;
  private @Nullable Saved saved;

  /** The memory of the output, of which the graph is a reader as long as this op is not freed. */
  private @Nullable Storage held;

  private boolean freed;

  private static final ClassValue<Boolean> BUILT_IN =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return type.getPackageName().equals(Op.class.getPackageName());
        }
      };

  /** Records an application to one variable. */
  protected Op(Variable x) {
    this(new @Nullable Node[] {x.node()});
  }

  /** Records an application to two variables. */
  protected Op(Variable a, Variable b) {
    this(new @Nullable Node[] {a.node(), b.node()});
  }

  /** Records an application to several variables. */
  protected Op(Variable... inputs) {
    this(nodes(inputs));
  }

  private Op(@Nullable Node[] edges) {
    super(Autograd.nextSequence());
    this.edges = edges;
  }

  private static @Nullable Node[] nodes(Variable[] inputs) {
    @Nullable Node[] nodes = new Node[inputs.length];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = inputs[i].node();
    }
    return nodes;
  }

  /**
   * The gradients of the inputs, in their order, for the gradient {@code dOut} of the output; null
   * for an input whose gradient is not needed ({@link #needs}).
   */
  protected abstract @Nullable Variable[] backward(Variable dOut);

  /** Whether an application to this variable must be recorded. */
  protected static boolean records(Variable x) {
    return x.node() != null && Autograd.isRecording();
  }

  /** Whether an application to these variables must be recorded. */
  protected static boolean records(Variable a, Variable b) {
    return (a.node() != null || b.node() != null) && Autograd.isRecording();
  }

  /** Whether an application to these variables must be recorded. */
  protected static boolean records(Variable... inputs) {
    for (Variable v : inputs) {
      if (v.node() != null) {
        return Autograd.isRecording();
      }
    }
    return false;
  }

  /** The output of this application as a variable. */
  protected final Variable output(Tensor out) {
    shape = out.shape();
    Storage storage = out.storage();
    if (!storage.isPersistent()) {
      held = storage;
      storage.retain();
      if (isBuiltIn()) {
        storage.manage();
      } else { // a user may go on using it, also after a view by one of our ops
        storage.pin();
      }
    }
    return new Variable(out, this);
  }

  /** Whether this op is one of ours, which keep no tensor that the graph does not know of. */
  final boolean isBuiltIn() {
    return BUILT_IN.get(getClass());
  }

  /** Keeps an input for the backward pass. */
  protected final Saved save(Variable input) {
    return keep(input.tensor(), input.node());
  }

  /** Keeps the output for the backward pass; its gradient graph leads through this op. */
  protected final Saved saveOutput(Tensor out) {
    return keep(out, this);
  }

  /** Keeps a tensor that is a constant to the gradient: indices, masks, statistics. */
  protected final Saved save(Tensor constant) {
    return keep(constant, null);
  }

  private Saved keep(Tensor tensor, @Nullable Node node) {
    Saved s = new Saved(this, tensor, node, saved);
    saved = s;
    return s;
  }

  /** Whether anything before input number {@code i} wants a gradient. */
  protected final boolean needs(int i) {
    return edges[i] != null;
  }

  /** The result of {@link #backward} for an op of one input. */
  protected static @Nullable Variable[] gradients(@Nullable Variable dx) {
    return new @Nullable Variable[] {dx};
  }

  /** The result of {@link #backward} for an op of two inputs. */
  protected static @Nullable Variable[] gradients(@Nullable Variable da, @Nullable Variable db) {
    return new @Nullable Variable[] {da, db};
  }

  /** The result of {@link #backward} for an op of three inputs. */
  protected static @Nullable Variable[] gradients(
      @Nullable Variable da, @Nullable Variable db, @Nullable Variable dc) {
    return new @Nullable Variable[] {da, db, dc};
  }

  /**
   * The leaf behind input {@code i} when its gradient is being accumulated right now, so that an op
   * may write its contribution there and return null.
   */
  final @Nullable Leaf accumulatingLeaf(int i) {
    return edges[i] instanceof Leaf leaf && leaf.hooks == null && Autograd.isAccumulating()
        ? leaf
        : null;
  }

  /**
   * What has arrived of the gradient of input {@code i}, when this walk owns the memory: a matrix
   * product adds to it in the pass that computes it, and returns null.
   */
  final @Nullable Tensor arrivedGradient(int i) {
    Node n = edges[i];
    if (n == null || !n.pendingOwned || n.pending == null || Autograd.isRecording()) {
      return null;
    }
    return n.pending.tensor();
  }

  /**
   * Whether each gradient of {@link #backward} is a tensor of its own that nobody else reads (not
   * {@code dOut}, no view of it, nothing saved) when no graph is made, so that the walk may add to
   * it in place.
   */
  boolean givesNewTensors() {
    return false;
  }

  final @Nullable Node[] edges() {
    return edges;
  }

  final @Nullable Shape shape() {
    return shape;
  }

  final boolean isFreed() {
    return freed;
  }

  /**
   * Drops what was saved and the way to the inputs.
   *
   * @param output whether the value of the output is not needed any more, either
   */
  final void free(boolean output) {
    for (Saved s = saved; s != null; s = s.next) {
      s.drop();
    }
    saved = null;
    edges = new Node[0];
    freed = true;
    Storage storage = held;
    if (output && storage != null) {
      held = null;
      storage.release();
    }
  }

  final IllegalStateException freedError() {
    return new IllegalStateException(
        name()
            + " backward: the graph was freed by an earlier backward pass; pass retainGraph = true to that one, or run"
            + " the forward pass again");
  }

  /** The operation's name in messages: the class's, in lower camel case. */
  protected String name() {
    String n = getClass().getSimpleName();
    return n.isEmpty() ? "op" : Character.toLowerCase(n.charAt(0)) + n.substring(1);
  }
}
