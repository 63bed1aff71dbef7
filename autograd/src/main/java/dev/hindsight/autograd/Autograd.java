package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the gradient graph as a whole can do: recording on and off, gradients as values, activation
 * checkpointing. Recording is a matter of each thread; it is on at first.
 */
public final class Autograd {
  private Autograd() {}

  /** What this thread is doing. */
  static final class State {
    boolean recording = true;
    boolean accumulating;

    /** The walk that is on its way: a hook may begin another. */
    @Nullable Walk walk;
  }

  /**
   * One for all threads: a checkpoint's function may read, unseen by the graph, what another thread
   * made, and must come after it.
   */
  private static final AtomicLong CLOCK = new AtomicLong();

  private static final ThreadLocal<State> STATE = ThreadLocal.withInitial(State::new);

  static State state() {
    return STATE.get();
  }

  /** Closing it gives the thread its former mode back. */
  public interface Scope extends AutoCloseable {
    @Override
    void close();
  }

  /** Sees, and may replace, the gradient of a variable; see {@link Variable#onGradient}. */
  @FunctionalInterface
  public interface GradientHook {
    /** The gradient to go on with, of the same shape and type; null leaves it as it is. */
    @Nullable Variable apply(Variable gradient);
  }

  /** Whether operations of this thread are recorded, so that gradients can flow back. */
  public static boolean isRecording() {
    return STATE.get().recording;
  }

  /** Whether a walk is adding to the gradients of leaves. */
  static boolean isAccumulating() {
    return STATE.get().accumulating;
  }

  /**
   * Stops recording on this thread until the scope is closed: {@code try (var _ =
   * Autograd.noGrad()) { ... }}.
   */
  public static Scope noGrad() {
    State state = STATE.get();
    boolean former = state.recording;
    state.recording = false;
    return () -> state.recording = former;
  }

  /** A sequence number above those of everything that was recorded before. */
  static long nextSequence() {
    return CLOCK.incrementAndGet();
  }

  /** What is there after a backward pass. */
  public enum Keep {
    /** The graph: another pass over it may follow. */
    GRAPH,
    /** The values of all variables, as far as the workspace was not reset. */
    VALUES,
    /**
     * Of the graph, the values of its leaves and of the output alone: the memory of all others goes
     * back to the {@link dev.hindsight.engine.Workspace} as the pass proceeds, and is used again at
     * once. To read one of them later is an error; {@link Variable#detach} before the pass, or
     * {@link dev.hindsight.engine.Tensor#keep}, spares it. Constants stay as they are. Outside a
     * workspace this is {@link #VALUES}.
     */
    NOTHING
  }

  /** What {@link #gradient} does about an input that the output does not depend on. */
  public enum Unreached {
    /** An error that names the input: a missing gradient is mostly a mistake. */
    FAIL,
    /** Zeros of the input's shape. */
    ZERO
  }

  /**
   * The gradients of {@code output} with respect to {@code inputs} (leaves or not), without
   * touching the gradients of leaves. The graph is freed unless {@code createGraph}.
   *
   * @param seed the gradient of the output, of its shape; null means 1 for a scalar output
   * @param createGraph whether the gradients can be differentiated again
   * @throws IllegalArgumentException when the output does not depend on an input
   */
  public static Variable[] gradient(
      Variable output, Variable[] inputs, @Nullable Tensor seed, boolean createGraph) {
    return gradient(
        output,
        inputs,
        seed == null ? null : Variable.constant(seed),
        createGraph,
        createGraph,
        Unreached.FAIL);
  }

  /**
   * {@link #gradient(Variable, Variable[], Tensor, boolean)} with everything in the caller's hands.
   *
   * @param seed may itself be part of a graph, as the second of two chained walks needs
   * @param retainGraph whether another walk over the same graph is to follow
   */
  public static Variable[] gradient(
      Variable output,
      Variable[] inputs,
      @Nullable Variable seed,
      boolean retainGraph,
      boolean createGraph,
      Unreached unreached) {
    Node[] targets = new Node[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      Node n = inputs[i].node();
      if (n == null) {
        throw new IllegalArgumentException(
            "gradient: input "
                + i
                + " of shape "
                + inputs[i].shape()
                + " needs no gradient; make it with Variable.leaf");
      }
      targets[i] = n;
    }
    @Nullable Variable[] found = new Variable[inputs.length];
    if (output.node() != null) {
      found =
          Walk.gradients(
              output, seeded("gradient", output, seed), targets, retainGraph, createGraph);
    } else if (unreached == Unreached.FAIL) {
      throw noGradient("gradient", output);
    }
    Variable[] gradients = new Variable[inputs.length];
    for (int i = 0; i < gradients.length; i++) {
      Variable g = found[i];
      if (g == null) {
        if (unreached == Unreached.FAIL) {
          throw new IllegalArgumentException(
              "gradient: the output does not depend on input "
                  + i
                  + " of shape "
                  + inputs[i].shape()
                  + "; leave it out, or pass Unreached.ZERO");
        }
        Tensor t = inputs[i].tensor();
        g = Variable.constant(TensorOps.zeros(t.backend(), t.dtype(), t.shape()));
      }
      gradients[i] = g;
    }
    return gradients;
  }

  /**
   * Adds the gradients of {@code output} to its leaves.
   *
   * @param seed the gradient of the output, of its shape; null means 1 for a scalar output
   * @param retainGraph whether another backward pass over the same graph is to follow
   */
  public static void backward(Variable output, @Nullable Tensor seed, boolean retainGraph) {
    backward(output, seed, retainGraph ? Keep.GRAPH : Keep.VALUES);
  }

  /**
   * Adds the gradients of {@code output} to its leaves.
   *
   * @param seed the gradient of the output, of its shape; null means 1 for a scalar output
   * @param keep what is to be there afterwards
   */
  public static void backward(Variable output, @Nullable Tensor seed, Keep keep) {
    if (output.node() == null) {
      throw noGradient("backward", output);
    }
    Walk.accumulate(
        output, seeded("backward", output, seed == null ? null : Variable.constant(seed)), keep);
  }

  /**
   * Applies {@code function} without recording it; the backward pass computes it again. Saves the
   * memory of what it would have saved, costs one more forward pass, and gives the same bits.
   *
   * <p>The function must compute the same again: it may read leaves (weights) of its surroundings,
   * but no state that changes in between. Gradients flow to {@code inputs} and to those leaves.
   * Inside a {@link dev.hindsight.engine.Workspace} what the function computes in the forward pass
   * stays until the reset; what it computes again goes back when the pass {@linkplain Keep#NOTHING
   * keeps nothing}.
   */
  public static Variable checkpoint(Function<Variable[], Variable> function, Variable... inputs) {
    return Checkpoint.apply(function, inputs);
  }

  private static IllegalArgumentException noGradient(String operation, Variable output) {
    return new IllegalArgumentException(
        operation
            + ": the output of shape "
            + output.shape()
            + " needs no gradient: no Variable.leaf leads to it, or it was computed under noGrad");
  }

  private static Variable seeded(String operation, Variable output, @Nullable Variable seed) {
    Tensor t = output.tensor();
    if (seed == null) {
      if (t.size() != 1) {
        throw new IllegalArgumentException(
            operation
                + ": the output has shape "
                + t.shape()
                + "; reduce it with sum() or mean(), or pass a seed of that shape");
      }
      return Variable.constant(TensorOps.full(t.backend(), t.dtype(), t.shape(), 1));
    }
    if (!seed.shape().equals(t.shape()) || seed.tensor().dtype() != t.dtype()) {
      throw new IllegalArgumentException(
          operation + ": the seed is " + seed.tensor() + ", but the output is " + t);
    }
    return seed;
  }
}
