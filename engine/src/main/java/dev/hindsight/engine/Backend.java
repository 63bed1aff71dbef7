package dev.hindsight.engine;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The seam between tensors and machines: some forty primitives that a CPU or a device implements.
 *
 * <p>Kernels write to destinations that the caller allocated and return nothing, so that where
 * memory comes from is decided elsewhere. They are called through {@link TensorOps} and {@link
 * LayerOps}, which have checked shapes, types, liveness and owners; an implementation may rely on
 * what each method's description says. Operands are tensors with any strides; destinations never
 * overlap operands unless the description allows it, and are contiguous unless it says "any
 * strides".
 *
 * <p>Promises of every implementation: results depend neither on the number of threads nor on
 * timing; forward primitives and gradients with respect to inputs are <em>batch-invariant</em> (the
 * bits of a row depend only on that row and the weights: not on how many rows are computed with it,
 * nor on whether keys come from a cache).
 *
 * <p>Accuracy, with u the relative error of one rounding: sums, differences, products, quotients
 * and square roots are rounded once; other elementwise functions keep within 4 ulp, and may be 0
 * where the result is below the normal range; a reduction of n terms is off by at most {@code n u /
 * (1 - n u)} of the sum of magnitudes, whatever its order; matrix products have the bits that
 * {@link #matmul} describes; moves, gathers, comparisons and extremes are exact. The conformance
 * kit in {@code tests} holds every backend to it.
 *
 * <p>F64 is required of the reference backend only; {@link #supports} declares coverage, and CPU
 * backends hand what they lack to the reference implementation, which reads the same memory.
 */
public interface Backend {
  /** The name by which {@code --backend} selects it, as in {@code vector}. */
  String name();

  /** One line that a run's record keeps: device, vector width, threads. */
  String description();

  /**
   * Lines for the end of a run, when there is something to say: what was computed where, by a
   * backend that leaves some of it to another.
   */
  default List<String> summary() {
    return List.of();
  }

  /** Whether this backend's own kernels compute in {@code dtype}. */
  boolean supports(DType dtype);

  /**
   * The most floating-point operations a second that F32 kernels here could reach with all threads,
   * measured on the spot in well under a second; empty where that says nothing.
   */
  default OptionalDouble measurePeak() {
    return OptionalDouble.empty();
  }

  /**
   * The most bytes a second that kernels here could read and write together, measured on the spot
   * in well under a second with a copy from memory to memory; empty where that says nothing.
   */
  default OptionalDouble measureBandwidth() {
    return OptionalDouble.empty();
  }

  /**
   * Waits until all that was called is done. Kernels of a device return when their work is queued;
   * whoever times them, waits. Kernels of a CPU are done when they return.
   *
   * @throws IndexOutOfBoundsException when a kernel has met an index that does not fit
   */
  default void synchronise() {}

  // ---------------------------------------------------------------- memory

  /** A storage of its own, uninitialised, freed when unreachable. */
  Storage allocate(long bytes);

  /** A large piece of memory that a {@link Workspace} hands out in slices. */
  Slab newSlab(long bytes);

  /** Bytes that a slab may have at most. */
  default long largestSlab() {
    return Long.MAX_VALUE;
  }

  /** See {@link #newSlab}. */
  interface Slab {
    /** Size in bytes. */
    long bytes();

    /** The part at {@code offset} (a multiple of 64) as a storage of the given generation. */
    Storage slice(long offset, long bytes, Workspace.Generation generation);

    /** Frees the memory at once. */
    void release();
  }

  /** Copies row-major host elements of {@code out}'s type into {@code out} (contiguous). */
  void upload(MemorySegment host, Tensor out);

  /** Copies {@code x} (contiguous) to host memory, row-major. */
  void download(Tensor x, MemorySegment host);

  /** Sets every element; {@code out} may have any strides without aliasing. */
  void fill(Tensor out, double value);

  /**
   * {@code out = x} elementwise with conversion of type (BF16 and F16 round to nearest even); any
   * strides on both.
   */
  void copy(Tensor x, Tensor out);

  // ----------------------------------------------------------- elementwise

  /** {@code out = op(x)}; {@code out} may be {@code x}. */
  void unary(UnaryOp op, Tensor x, Tensor out);

  /** {@code dx = dy * op'(x)}, where {@code y = op(x)} is at hand; {@code dx} may be {@code dy}. */
  void unaryBackward(UnaryOp op, Tensor x, Tensor y, Tensor dy, Tensor dx);

  /**
   * {@code out = op(a, b)}; operands are already broadcast to {@code out}'s shape (stride 0); out
   * may be an operand.
   */
  void binary(BinaryOp op, Tensor a, Tensor b, Tensor out);

  /** {@code out = x * scale + shift}; {@code out} may be {@code x}. */
  void affine(Tensor x, double scale, double shift, Tensor out);

  /** {@code out = min(max(x, low), high)}; {@code out} may be {@code x}. NaN stays NaN. */
  void clamp(Tensor x, double low, double high, Tensor out);

  /**
   * {@code out = condition != 0 ? a : b}; operands already broadcast; condition has the type of a
   * and b.
   */
  void where(Tensor condition, Tensor a, Tensor b, Tensor out);

  /**
   * {@code out += x * scale}: accumulation of gradients; {@code out} contiguous, x of the same
   * shape, any strides.
   */
  void addScaled(Tensor x, double scale, Tensor out);

  // ------------------------------------------------------------ reductions

  /**
   * Reduces every axis along which {@code out} has extent 1 and {@code x} does not (or has also 1);
   * ranks are equal. ARGMAX reduces exactly one axis and writes I32. A NaN makes SUM, MEAN, PROD,
   * MAX, MIN and LOGSUMEXP NaN, and ARGMAX finds the first NaN. LOGSUMEXP of nothing but minus
   * infinity is minus infinity.
   */
  void reduce(ReduceOp op, Tensor x, Tensor out);

  /** Sum of squares of all elements in double precision, in one fixed order. */
  double sumOfSquares(Tensor x);

  /**
   * {@link #sumOfSquares(Tensor)} of each tensor, added in their order. A backend may do all of
   * them in one pass.
   */
  default double sumOfSquares(List<Tensor> tensors) {
    double sum = 0;
    for (Tensor x : tensors) {
      sum += sumOfSquares(x);
    }
    return sum;
  }

  // ---------------------------------------------------------------- matmul

  /**
   * {@code out (+)= a b}: {@code a [..., M, K]}, {@code b [..., K, N]}, {@code out [..., M, N]},
   * batch axes already broadcast (stride 0). Any strides on the operands (a transposed view costs
   * no copy); {@code out}'s last axis has stride 1, its other strides are free. Each output element
   * is one chain of fused multiply-adds over K in ascending order, starting from 0 or, when {@code
   * accumulate}, from the former value.
   */
  void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate);

  /**
   * A linear layer and the elementwise passes around it: {@code out = activation(x weight^T + bias)
   * + residual}, each part with the bits that it has alone. {@code x [N, in]}, {@code weight [out,
   * in]}, {@code bias [out]}; {@code out}, {@code residual} and {@code before} {@code [N, out]}
   * contiguous. {@code before}, which only goes with an activation, receives what the activation is
   * applied to: its gradient needs it.
   *
   * <p>What is written here is the plain way. A backend may do it while a block of the product is
   * in the cache.
   */
  default void linear(
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable UnaryOp activation,
      @Nullable Tensor residual,
      @Nullable Tensor before,
      Tensor out) {
    Tensor sum = before == null ? out : before;
    matmul(x, weight.transpose(0, 1), sum, false);
    if (bias != null) {
      binary(BinaryOp.ADD, sum, bias.expand(sum.shape()), sum);
    }
    if (activation != null) {
      unary(activation, sum, out);
    }
    if (residual != null) {
      binary(BinaryOp.ADD, residual, out, out);
    }
  }

  // -------------------------------------------------------------- indexing

  // CPU backends check every index and throw IndexOutOfBoundsException, with the index, its place
  // and the extent, before anything is written.

  /**
   * {@code out[n, :] = table[ids[n], :]}: {@code table [V, D]}, {@code ids [N]} I32, {@code out [N,
   * D]}.
   */
  void gatherRows(Tensor table, Tensor ids, Tensor out);

  /**
   * {@code out[ids[n], :] += rows[n, :]} in ascending n: {@code rows [N, D]}, {@code ids [N]} I32,
   * {@code out [V, D]} of any strides.
   */
  void scatterAddRows(Tensor rows, Tensor ids, Tensor out);

  /**
   * {@code out[..., k] = x[..., index[..., k]]}: {@code x [..., V]}, {@code index [..., K]} I32,
   * {@code out [..., K]}.
   */
  void gatherLast(Tensor x, Tensor index, Tensor out);

  /**
   * {@code out[..., index[..., k]] += x[..., k]} in ascending k: the transpose of {@link
   * #gatherLast}.
   */
  void scatterAddLast(Tensor x, Tensor index, Tensor out);

  /**
   * The {@code k} largest of the last axis, descending, the lower index first among equals; a NaN
   * counts as larger than anything: {@code x [..., V]}, {@code values [..., k]}, {@code indices
   * [..., k]} I32.
   */
  void topK(Tensor x, Tensor values, Tensor indices);

  // ------------------------------------------------------ softmax and norms

  /** Softmax over the last axis, shifted by the maximum. */
  void softmax(Tensor x, Tensor out);

  /** {@code dx = y (dy - sum(dy y))} over the last axis. */
  void softmaxBackward(Tensor y, Tensor dy, Tensor dx);

  /** Log-softmax over the last axis. */
  void logSoftmax(Tensor x, Tensor out);

  /** {@code dx = dy - exp(y) sum(dy)} over the last axis. */
  void logSoftmaxBackward(Tensor y, Tensor dy, Tensor dx);

  /**
   * RMSNorm over the last axis: {@code out = x rstd weight}, {@code rstd = 1 / sqrt(mean(x^2) +
   * epsilon)}. {@code x, out [N, D]}, {@code weight [D]}, {@code rstd [N]}.
   */
  void rmsNorm(Tensor x, Tensor weight, double epsilon, Tensor out, Tensor rstd);

  /**
   * Gradients of {@link #rmsNorm}: writes {@code dx [N, D]} and {@code dWeight [D]} (each may be
   * null: not wanted).
   */
  void rmsNormBackward(
      Tensor x,
      Tensor weight,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight);

  /**
   * LayerNorm over the last axis: {@code out = (x - mean) rstd weight + bias}; {@code mean, rstd
   * [N]}.
   */
  void layerNorm(
      Tensor x, Tensor weight, Tensor bias, double epsilon, Tensor out, Tensor mean, Tensor rstd);

  /** Gradients of {@link #layerNorm}; each destination may be null. */
  void layerNormBackward(
      Tensor x,
      Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dy,
      @Nullable Tensor dx,
      @Nullable Tensor dWeight,
      @Nullable Tensor dBias);

  // ------------------------------------------------------------ transformer

  /**
   * Rotary position embedding in Hugging Face's half-rotation form: channels {@code i} and {@code i
   * + D/2} of each head turn by {@code position * theta^(-2i/D)}. {@code x, out [N, H, D]}, {@code
   * positions [N]} I32. {@code inverse} turns back, which is also the gradient. Angles are computed
   * in double precision.
   */
  void rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out);

  /** {@code out = silu(gate) * up}. */
  void swiglu(Tensor gate, Tensor up, Tensor out);

  /** Gradients of {@link #swiglu}. */
  void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp);

  /**
   * Scaled dot-product attention over ragged sequences with grouped queries: {@code q, out [Nq, H,
   * D]}, {@code k, v [Nk, Hkv, D]}, H a multiple of Hkv (query head h reads key head h / (H /
   * Hkv)), scores times {@code scale}. {@code lse [Nq, H]} receives the log-sum-exp of each query's
   * scores. Rows that no sequence names are left alone. The score matrix is never held whole.
   */
  void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse);

  /**
   * The same where nobody asks for the log-sum-exp, which costs as much as a dozen keys. The output
   * has the same bits.
   */
  default void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out) {
    Tensor lse = TensorOps.empty(this, q.dtype(), Shape.of(q.dim(0), q.dim(1)));
    attention(q, k, v, layout, scale, out, lse);
  }

  /**
   * Gradients of {@link #attention}; {@code dq}, {@code dk}, {@code dv} come zeroed (rows outside
   * stay zero).
   */
  void attentionBackward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv);

  /**
   * Cross-entropy of logits against target classes: {@code loss[n] = logsumexp(logits[n]) -
   * logits[n, target[n]]}; {@code target[n] < 0} gives 0. {@code logits [N, V]}, {@code targets
   * [N]} I32 below V, {@code loss [N]}, {@code lse [N]}.
   */
  void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse);

  /**
   * {@code dLogits = (softmax(logits) - onehot(target)) * dLoss[n]}, 0 for ignored rows; may
   * overwrite logits.
   */
  void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits);

  // -------------------------------------------------------------- optimiser

  /**
   * One AdamW update in place of {@code parameter}, {@code m} and {@code v}; all contiguous and of
   * one shape.
   */
  void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step);

  /**
   * {@link #adamW(Tensor, Tensor, Tensor, Tensor, AdamWStep)} of several parameters at once, and
   * {@link #lerp} of each updated parameter into its moving average.
   *
   * @param averages contiguous, one a parameter, or none at all
   */
  default void adamW(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> m,
      List<Tensor> v,
      AdamWStep step,
      List<Tensor> averages,
      double averageRate) {
    for (int i = 0; i < parameters.size(); i++) {
      adamW(parameters.get(i), gradients.get(i), m.get(i), v.get(i), step);
      if (!averages.isEmpty()) {
        lerp(parameters.get(i), averageRate, averages.get(i));
      }
    }
  }

  /** {@code out += rate (x - out)}: the moving average of a teacher's weights. */
  void lerp(Tensor x, double rate, Tensor out);
}
