package dev.hindsight.autograd;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tensor with its place in the gradient graph: the fluent face of every differentiable operation.
 *
 * <p>Operations run at once and return new variables; where an operand needs a gradient and {@link
 * Autograd#isRecording()}, the way back is recorded. Elementwise operations broadcast by NumPy's
 * rule; negative axes count from the last; shape errors name the operation and both shapes.
 */
public final class Variable {
  private final Tensor tensor;
  private final @Nullable Node node;

  Variable(Tensor tensor, @Nullable Node node) {
    this.tensor = tensor;
    this.node = node;
  }

  /** A variable that needs no gradient. Its memory is the caller's. */
  public static Variable constant(Tensor tensor) {
    tensor.storage().pin();
    return new Variable(tensor, null);
  }

  /** What an op computed and did not record. */
  static Variable result(Tensor tensor) {
    return new Variable(tensor, null);
  }

  /**
   * A variable whose gradient is wanted: a weight, or an input under study.
   *
   * @throws IllegalArgumentException when the tensor is neither F32 nor F64
   */
  public static Variable leaf(Tensor tensor) {
    if (!tensor.dtype().computes()) {
      throw new IllegalArgumentException(
          "leaf: gradients need F32 or F64, got " + tensor + "; cast it first");
    }
    tensor.storage().pin();
    return new Variable(tensor, new Leaf(tensor, Autograd.nextSequence()));
  }

  @Nullable Node node() {
    return node;
  }

  /** The values. */
  public Tensor tensor() {
    return tensor;
  }

  /** The extents. */
  public Shape shape() {
    return tensor.shape();
  }

  /** The extent of one axis. */
  public int dim(int axis) {
    return tensor.dim(axis);
  }

  /**
   * The value of a variable with one element.
   *
   * @throws IllegalArgumentException when it has another number of elements
   */
  public double item() {
    return tensor.item();
  }

  /** Whether a leaf leads here. */
  public boolean requiresGradient() {
    return node != null;
  }

  /**
   * What backward passes have added up in this leaf since {@link #clearGradient}; null when nothing
   * has arrived, and for what is no leaf. Persistent memory that the next pass writes to: copy what
   * must stay.
   */
  public @Nullable Tensor gradient() {
    return node instanceof Leaf leaf ? leaf.gradient() : null;
  }

  /** Forgets the gradient of this leaf but keeps its memory for the next. */
  public void clearGradient() {
    if (node instanceof Leaf leaf) {
      leaf.clear();
    }
  }

  /**
   * Calls {@code hook} in every backward pass that reaches this variable, with the whole gradient
   * of this, before it goes on to what this was computed from or, of a leaf, is added to {@link
   * #gradient}. To clip or scale a gradient on its way, to look at one inside of a network. Hooks
   * run in the order of registration; when a graph of the gradient is made, what they compute is
   * part of it.
   *
   * <p>Under {@link Autograd#noGrad}, where nothing is recorded, this does nothing. A hook that
   * throws ends the pass; leaves that it had reached keep what they got.
   *
   * @return closing it takes the hook away
   * @throws IllegalArgumentException when no leaf leads here
   */
  public Autograd.Scope onGradient(Autograd.GradientHook hook) {
    Objects.requireNonNull(hook, "onGradient: the hook is null");
    if (!Autograd.isRecording()) {
      return () -> {};
    }
    Node n = node;
    if (n == null) {
      throw new IllegalArgumentException(
          "onGradient: this variable of shape "
              + shape()
              + " needs no gradient; no leaf leads to it");
    }
    Node.Registration registration = n.add(hook);
    return () -> n.remove(registration);
  }

  /** The same values, cut off from the graph. */
  public Variable detach() {
    return node == null ? this : constant(tensor);
  }

  /**
   * Adds the gradients of this scalar to its leaves, and frees the graph.
   *
   * @throws IllegalArgumentException when this has more than one element, or no leaf leads here
   * @throws IllegalStateException when the graph was freed already, or a saved tensor was changed
   *     in place
   */
  public void backward() {
    Autograd.backward(this, null, false);
  }

  /**
   * {@link #backward()} for a training step that reads no other value of the graph afterwards, or
   * for another pass over the graph: see {@link Autograd.Keep}.
   */
  public void backward(Autograd.Keep keep) {
    Autograd.backward(this, null, keep);
  }

  /**
   * Adds the gradients of {@code sum(this * seed)} to the leaves, and frees the graph.
   *
   * @param seed of this shape and type
   * @throws IllegalArgumentException when the seed has another shape or type, or no leaf leads here
   * @throws IllegalStateException as {@link #backward()}
   */
  public void backward(Tensor seed) {
    Autograd.backward(this, seed, false);
  }

  // ------------------------------------------------------------ elementwise

  /** {@code this + b}. */
  public Variable add(Variable b) {
    return Add.apply(this, b);
  }

  /** {@code this - b}. */
  public Variable sub(Variable b) {
    return Sub.apply(this, b);
  }

  /** {@code this * b}, element by element. */
  public Variable mul(Variable b) {
    return Mul.apply(this, b);
  }

  /** {@code this / b}, element by element. */
  public Variable div(Variable b) {
    return Div.apply(this, b);
  }

  /** The smaller of two elements; equals share the gradient. */
  public Variable minimum(Variable b) {
    return Minimum.apply(this, b);
  }

  /** The larger of two elements; equals share the gradient. */
  public Variable maximum(Variable b) {
    return Maximum.apply(this, b);
  }

  /** {@code condition != 0 ? a : b}; condition has the type of a and b and gets no gradient. */
  public static Variable where(Tensor condition, Variable a, Variable b) {
    return Where.apply(condition, a, b);
  }

  /** {@code this + shift}. */
  public Variable plus(double shift) {
    return Affine.apply(this, 1, shift);
  }

  /** {@code this * scale}. */
  public Variable times(double scale) {
    return Affine.apply(this, scale, 0);
  }

  /** {@code this * scale + shift}. */
  public Variable affine(double scale, double shift) {
    return Affine.apply(this, scale, shift);
  }

  /** {@code -this}. */
  public Variable neg() {
    return Neg.apply(this);
  }

  /** The absolute value; gradient 0 at 0. */
  public Variable abs() {
    return Abs.apply(this);
  }

  /** {@code this * this}. */
  public Variable square() {
    return Square.apply(this);
  }

  /** The square root. */
  public Variable sqrt() {
    return Sqrt.apply(this);
  }

  /** {@code 1 / sqrt(this)}. */
  public Variable rsqrt() {
    return Rsqrt.apply(this);
  }

  /** {@code 1 / this}. */
  public Variable reciprocal() {
    return Reciprocal.apply(this);
  }

  /** e to the power of this. */
  public Variable exp() {
    return Exp.apply(this);
  }

  /** The natural logarithm. */
  public Variable log() {
    return Log.apply(this);
  }

  /** {@code log(1 + this)}, exact near 0. */
  public Variable log1p() {
    return Log1p.apply(this);
  }

  /** {@code exp(this) - 1}, exact near 0. */
  public Variable expm1() {
    return Expm1.apply(this);
  }

  /** The sine. */
  public Variable sin() {
    return Sin.apply(this);
  }

  /** The cosine. */
  public Variable cos() {
    return Cos.apply(this);
  }

  /** The hyperbolic tangent. */
  public Variable tanh() {
    return Tanh.apply(this);
  }

  /** {@code 1 / (1 + exp(-this))}. */
  public Variable sigmoid() {
    return Sigmoid.apply(this);
  }

  /** The error function. */
  public Variable erf() {
    return Erf.apply(this);
  }

  /** {@code max(this, 0)}; gradient 0 at 0. */
  public Variable relu() {
    return Relu.apply(this);
  }

  /** {@code log(1 + exp(this))}. */
  public Variable softplus() {
    return Softplus.apply(this);
  }

  /** {@code this * sigmoid(this)}. */
  public Variable silu() {
    return Silu.apply(this);
  }

  /** {@code this * Phi(this)} with the exact normal distribution function. */
  public Variable gelu() {
    return Gelu.apply(this);
  }

  /** The tanh approximation of {@link #gelu} that GPT-2 uses. */
  public Variable geluTanh() {
    return GeluTanh.apply(this);
  }

  /** This to the power of a constant. */
  public Variable pow(double exponent) {
    return Pow.apply(this, exponent);
  }

  /** This to the power of {@code exponent}, whose gradient needs this to be 0 or more. */
  public Variable pow(Variable exponent) {
    return Power.apply(this, exponent);
  }

  /** -1, 0 or 1; the gradient is 0. */
  public Variable sign() {
    return Sign.apply(this);
  }

  /** {@code min(max(this, low), high)}; the gradient passes where {@code low <= this <= high}. */
  public Variable clamp(double low, double high) {
    return Clamp.apply(this, low, high);
  }

  // ------------------------------------------------------------- reductions

  /** The sum of all elements: a scalar of shape []. */
  public Variable sum() {
    return Sum.apply(this).reshape(Shape.SCALAR);
  }

  /** The sum over these axes, which stay with extent 1. */
  public Variable sum(int... axes) {
    return Sum.apply(this, axes);
  }

  /** The mean of all elements: a scalar of shape []. */
  public Variable mean() {
    return Mean.apply(this).reshape(Shape.SCALAR);
  }

  /** The mean over these axes, which stay with extent 1. */
  public Variable mean(int... axes) {
    return Mean.apply(this, axes);
  }

  /** The largest element: a scalar of shape []; equals share the gradient. */
  public Variable max() {
    return Max.apply(this).reshape(Shape.SCALAR);
  }

  /** The maximum over these axes, which stay with extent 1; equals share the gradient. */
  public Variable max(int... axes) {
    return Max.apply(this, axes);
  }

  /** The smallest element: a scalar of shape []; equals share the gradient. */
  public Variable min() {
    return Min.apply(this).reshape(Shape.SCALAR);
  }

  /** The minimum over these axes, which stay with extent 1; equals share the gradient. */
  public Variable min(int... axes) {
    return Min.apply(this, axes);
  }

  /** {@code log(sum(exp(this)))} of all elements: a scalar of shape []. */
  public Variable logSumExp() {
    return LogSumExp.apply(this).reshape(Shape.SCALAR);
  }

  /** {@code log(sum(exp(this)))} over these axes, which stay with extent 1. */
  public Variable logSumExp(int... axes) {
    return LogSumExp.apply(this, axes);
  }

  /** The product of all elements: a scalar of shape []. */
  public Variable prod() {
    return Prod.apply(this).reshape(Shape.SCALAR);
  }

  /** The product over these axes, which stay with extent 1. */
  public Variable prod(int... axes) {
    return Prod.apply(this, axes);
  }

  /**
   * The variance {@code sum((this - mean)^2) / (n - correction)} over these axes, which stay with
   * extent 1; over all elements, a scalar of shape [], where none are given.
   *
   * @param correction 0 for that of the elements, 1 for an estimate without bias
   */
  public Variable var(int correction, int... axes) {
    return scalarWithoutAxes(Moments.var(this, correction, axes), axes);
  }

  /** The square root of {@link #var}. Where it is 0 so is the gradient. */
  public Variable std(int correction, int... axes) {
    return scalarWithoutAxes(Moments.std(this, correction, axes), axes);
  }

  /**
   * The norm {@code (sum |this|^p)^(1/p)} over these axes, which stay with extent 1; of all
   * elements, a scalar of shape [], where none are given. Where it is 0 so is the gradient.
   *
   * @param p above 0: 1, 2, or infinity for the largest absolute value
   */
  public Variable norm(double p, int... axes) {
    return scalarWithoutAxes(Moments.norm(this, p, axes), axes);
  }

  private static Variable scalarWithoutAxes(Variable reduced, int[] axes) {
    return axes.length == 0 ? reduced.reshape(Shape.SCALAR) : reduced;
  }

  /** Running sums along an axis: element i is the sum of elements 0 to i. */
  public Variable cumsum(int axis) {
    return CumSum.apply(this, axis);
  }

  /** Where along an axis, which stays with extent 1, the largest element is: the first, I32. */
  public Tensor argmax(int axis) {
    return TensorOps.reduce(ReduceOp.ARGMAX, tensor, axis);
  }

  /** The transpose of broadcasting: sums the axes along which {@code target} would be stretched. */
  public Variable sumTo(Shape target) {
    return SumTo.apply(this, target);
  }

  // ------------------------------------------------------- matrices, shapes

  /** Matrix product {@code [..., M, K] x [..., K, N]}, batch axes broadcast. */
  public Variable matmul(Variable b) {
    return Matmul.apply(this, b);
  }

  /**
   * {@code this weight^T}: {@code this [..., in]}, {@code weight [out, in]} give {@code [...,
   * out]}.
   */
  public Variable linear(Variable weight) {
    return Linear.apply(this, weight);
  }

  /**
   * Einstein's summation, as in {@code einsum("bij,bjk->bik", x, y)}: letters name axes; those that
   * the result does not name are summed; one that an operand has twice takes its diagonal; an
   * ellipsis stands for further axes, which broadcast. Without an arrow the result has the letters
   * that occur once, in alphabetical order.
   *
   * @throws IllegalArgumentException when equation and shapes do not fit
   */
  public static Variable einsum(String equation, Variable... operands) {
    return Einsum.apply(equation, operands);
  }

  /**
   * {@code activation(this weight^T + bias) + residual} in one pass: {@code this [..., in]}, {@code
   * weight [out, in]}, {@code bias [out]}, {@code residual [..., out]}. What is null is left out;
   * the bits are those of the parts one after another.
   *
   * @param activation RELU, SILU, GELU or GELU_TANH
   */
  public Variable linear(
      Variable weight,
      @Nullable Variable bias,
      @Nullable UnaryOp activation,
      @Nullable Variable residual) {
    return Linear.apply(this, weight, bias, activation, residual);
  }

  /** Another shape over the same elements; copies only what is not contiguous. */
  public Variable reshape(Shape target) {
    return Reshape.apply(this, target);
  }

  /** Another shape over the same elements; copies only what is not contiguous. */
  public Variable reshape(int... dims) {
    return Reshape.apply(this, Shape.of(dims));
  }

  /** Two axes exchanged: a view. */
  public Variable transpose(int a, int b) {
    return Permute.transpose(this, a, b);
  }

  /** Axis {@code i} of the result is axis {@code order[i]} of this: a view. */
  public Variable permute(int... order) {
    return Permute.apply(this, order);
  }

  /** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis: a view. */
  public Variable slice(int axis, int from, int to) {
    return Slice.apply(this, axis, from, to);
  }

  /** One index of an axis, which disappears: a view. */
  public Variable select(int axis, int index) {
    return Slice.apply(this, axis, index, index + 1).squeeze(axis);
  }

  /** Zeros before and after, along one axis: the transpose of {@link #slice}. */
  public Variable pad(int axis, int before, int after) {
    return Pad.apply(this, axis, before, after);
  }

  /** Broadcast to a shape: a view. */
  public Variable expand(Shape target) {
    return Expand.apply(this, target);
  }

  /** Without an axis of extent 1: a view. */
  public Variable squeeze(int axis) {
    return Squeeze.apply(this, axis);
  }

  /** Without these axes of extent 1, which a reduction left, say: a view. */
  public Variable squeeze(int... axes) {
    return Along.squeeze(this, axes);
  }

  /** With an axis of extent 1 before {@code axis}: a view. */
  public Variable unsqueeze(int axis) {
    return Unsqueeze.apply(this, axis);
  }

  /** The parts one after another along an axis; their other extents are equal. */
  public static Variable concat(int axis, Variable... parts) {
    return Concat.apply(axis, parts);
  }

  /** Parts of one shape one after another along a new axis before {@code axis}. */
  public static Variable stack(int axis, Variable... parts) {
    return Along.stack(axis, parts);
  }

  /** The inverse of {@link #concat}: views of these extents, which add up to the axis. */
  public Variable[] split(int axis, int... extents) {
    return Along.split(this, axis, extents);
  }

  /** This, tiled: axis i {@code times[i]} times, further numbers in front make new axes. */
  public Variable repeat(int... times) {
    return Along.repeat(this, times);
  }

  /** In reverse order along these axes. */
  public Variable flip(int... axes) {
    return Along.flip(this, axes);
  }

  /** Of each matrix the elements on and below a diagonal (0 the main one, 1 above it), else 0. */
  public Variable tril(int diagonal) {
    return Along.triangle(this, diagonal, true);
  }

  /** Of each matrix the elements on and above a diagonal (0 the main one, 1 above it), else 0. */
  public Variable triu(int diagonal) {
    return Along.triangle(this, diagonal, false);
  }

  // --------------------------------------------------------------- indexing

  /** Rows of this {@code [V, D]} by {@code ids [N]} I32: {@code [N, D]}. */
  public Variable gatherRows(Tensor ids) {
    return GatherRows.apply(this, ids);
  }

  /** Rows of this table {@code [V, D]} by {@code ids [...]} I32 of any shape: {@code [..., D]}. */
  public Variable embedding(Tensor ids) {
    return Along.embedding(this, ids);
  }

  /** Zeros {@code [rows, D]} to which this {@code [N, D]} was added at {@code ids [N]}. */
  public Variable scatterAddRows(Tensor ids, int rows) {
    return ScatterAddRows.apply(this, ids, rows);
  }

  /**
   * Elements of the last axis: {@code [..., V]} by {@code index [..., K]} I32: {@code [..., K]}.
   */
  public Variable gatherLast(Tensor index) {
    return GatherLast.apply(this, index);
  }

  /** Zeros {@code [..., extent]} to which this {@code [..., K]} was added at {@code index}. */
  public Variable scatterAddLast(Tensor index, int extent) {
    return ScatterAddLast.apply(this, index, extent);
  }

  /** Entries {@code ids [N]} I32 of an axis, whose extent becomes N. */
  public Variable indexSelect(int axis, Tensor ids) {
    return Along.indexSelect(this, axis, ids);
  }

  /**
   * Elements of an axis: {@code out[i, j] = this[index[i, j], j]} for axis 0 of a matrix. Index is
   * I32 and differs in that axis alone.
   */
  public Variable gather(int axis, Tensor index) {
    return Along.gather(this, axis, index);
  }

  /**
   * This and {@code source} added at {@code index} of an axis: {@code out[index[i, j], j] +=
   * source[i, j]} for axis 0 of a matrix. The transpose of {@link #gather}.
   */
  public Variable scatterAdd(int axis, Tensor index, Variable source) {
    return Along.scatterAdd(this, axis, index, source);
  }

  /** Sorted values, and where they were: {@code [..., V]} I32. */
  public record Sorted(Variable values, Tensor indices) {}

  /**
   * The last axis in order; equals keep theirs; NaN counts as the largest. The gradient passes
   * through the values.
   */
  public Sorted sort(boolean descending) {
    return Along.sort(this, descending);
  }

  /** The k largest of the last axis, descending, and where they were. */
  public record TopK(Variable values, Tensor indices) {}

  /** The {@code k} largest of the last axis, descending; the gradient passes through the values. */
  public TopK topK(int k) {
    return dev.hindsight.autograd.TopK.apply(this, k);
  }

  // ------------------------------------------------ softmax, norms, decoder

  /** Softmax over the last axis. */
  public Variable softmax() {
    return Softmax.apply(this);
  }

  /** Log-softmax over the last axis. */
  public Variable logSoftmax() {
    return LogSoftmax.apply(this);
  }

  /** Softmax over any axis. */
  public Variable softmax(int axis) {
    Axes.of("softmax", this, axis);
    return transpose(axis, -1).softmax().transpose(axis, -1);
  }

  /** Log-softmax over any axis. */
  public Variable logSoftmax(int axis) {
    Axes.of("logSoftmax", this, axis);
    return transpose(axis, -1).logSoftmax().transpose(axis, -1);
  }

  /**
   * Zeros each element with probability {@code rate}, and divides the others by {@code 1 - rate}.
   * Element i takes the i-th number of the stream: the same arguments drop the same elements.
   */
  public Variable dropout(double rate, long seed, long stream) {
    return Dropout.apply(this, rate, seed, stream);
  }

  /**
   * Cross-entropy of logits {@code [N, V]} against {@code targets [N]} I32: {@code [N]}; a negative
   * target gives 0 and no gradient.
   */
  public Variable crossEntropy(Tensor targets) {
    return CrossEntropy.apply(this, targets);
  }

  /**
   * {@link #crossEntropy(Tensor)} against {@code (1 - s) onehot(target) + s / V}.
   *
   * @param ignoreIndex a target that gives 0 and no gradient, beside all negative ones
   * @param labelSmoothing s, from 0 to 1
   */
  public Variable crossEntropy(Tensor targets, int ignoreIndex, double labelSmoothing) {
    return Divergences.crossEntropy(this, targets, ignoreIndex, labelSmoothing);
  }

  /**
   * {@code KL(p || q) = sum p (log p - log q)} over the last axis, which disappears; this is log p.
   * A term with p = 0 is 0.
   */
  public Variable klDivergence(Variable logQ) {
    return Divergences.kl(this, logQ);
  }

  /**
   * The generalised Jensen-Shannon divergence {@code (1 - alpha) KL(p || m) + alpha KL(q || m)}
   * over the last axis, which disappears, with {@code m = (1 - alpha) p + alpha q}; this is log p.
   *
   * @param alpha between 0 and 1; 1/2 is the Jensen-Shannon divergence, at most ln 2
   */
  public Variable jsDivergence(Variable logQ, double alpha) {
    return Divergences.js(this, logQ, alpha);
  }

  /**
   * A loss and its parts.
   *
   * @param loss {@code scale} times the sum of the losses: a scalar of shape []
   * @param losses of each row {@code [N]}, for reports: without a gradient
   */
  public record LinearCrossEntropy(Variable loss, Tensor losses) {}

  /**
   * {@code scale * linear(weight).crossEntropy(targets).sum()} in one op that never holds the
   * logits of all rows, forward or backward: this {@code [N, C]}, {@code weight [V, C]}, {@code
   * targets [N]} I32, negative means ignored. {@code 1 / N} makes a mean. With one such loss in the
   * graph, gradients have the bits of the two ops. First-order: {@link #linear} and {@link
   * #crossEntropy} can be differentiated again.
   *
   * @throws IllegalArgumentException when shapes or types do not fit
   */
  public LinearCrossEntropy linearCrossEntropy(Variable weight, Tensor targets, double scale) {
    return dev.hindsight.autograd.LinearCrossEntropy.apply(this, weight, targets, scale);
  }

  /**
   * {@code this / sqrt(mean(this^2) + epsilon) * weight} over the last axis; {@code weight [D]}.
   */
  public Variable rmsNorm(Variable weight, double epsilon) {
    return RmsNorm.apply(this, weight, epsilon);
  }

  /**
   * {@code (this - mean) / sqrt(variance + epsilon) * weight + bias} over the last axis; {@code
   * weight, bias [D]}.
   */
  public Variable layerNorm(Variable weight, Variable bias, double epsilon) {
    return LayerNorm.apply(this, weight, bias, epsilon);
  }

  /**
   * Rotary position embedding of {@code [N, heads, headDim]} by {@code positions [N]} I32,
   * half-rotation form.
   */
  public Variable rope(Tensor positions, double theta) {
    return Rope.apply(this, positions, theta, false);
  }

  /** {@code silu(this) * up}; this is the gate. */
  public Variable swiglu(Variable up) {
    return Swiglu.apply(this, up);
  }

  /**
   * Scaled dot-product attention, {@code q [Nq, H, D]}, {@code k, v [Nk, Hkv, D]}, over ragged
   * sequences. Fused and first-order; {@link ComposedAttention} can be differentiated again.
   */
  public static Variable attention(
      Variable q, Variable k, Variable v, SequenceLayout layout, double scale) {
    return Attention.apply(q, k, v, layout, scale);
  }

  /** As in {@code leaf F32[2, 3]}; the others are {@code constant} and {@code variable}. */
  @Override
  public String toString() {
    return (node == null ? "constant " : node instanceof Leaf ? "leaf " : "variable ") + tensor;
  }
}
