package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** One random case of an op: the same numbers and arguments for our op and for libtorch's. */
final class OracleCase {
  private final String call;
  private final List<TensorSample> inputs;
  private final long seed;
  private @Nullable Function<Variable[], Variable> ours;
  private @Nullable Function<Tensor[], Tensor> torch;
  private @Nullable Bound bound;
  private String op = "";
  private double looseness;

  private OracleCase(long seed, String call, TensorSample... inputs) {
    this.call = call;
    this.inputs = Arrays.asList(inputs);
    this.seed = seed;
  }

  /** The inputs of a call, in our op's order; {@code call} reads as in {@code sum(axis 1)}. */
  static OracleCase call(Draw draw, String call, TensorSample... inputs) {
    return new OracleCase(draw.seed(), call, inputs);
  }

  /** A case that is not random. */
  static OracleCase call(String call, TensorSample... inputs) {
    return new OracleCase(0, call, inputs);
  }

  OracleCase ours(Function<Variable[], Variable> op) {
    ours = op;
    return this;
  }

  /** What PyTorch computes for the same call: one op of its own where it has one. */
  OracleCase torch(Function<Tensor[], Tensor> op) {
    torch = op;
    return this;
  }

  /** How far apart two right results may be. */
  OracleCase within(Bound allowed) {
    bound = allowed;
    return this;
  }

  /**
   * Libtorch's F32 is known to be off by this much more than rounding explains; its F64 is not,
   * which ours is held against in any case.
   */
  OracleCase whereLibTorchIsOffBy(double absolute) {
    looseness = absolute;
    return this;
  }

  double looseness() {
    return looseness;
  }

  /** Set by the entry that drew this. */
  OracleCase of(String name) {
    op = name;
    return this;
  }

  /** The op's name in the registry. */
  String op() {
    return op;
  }

  List<TensorSample> inputs() {
    return inputs;
  }

  /** For the cotangents. */
  long seed() {
    return seed;
  }

  Function<Variable[], Variable> ours() {
    return Objects.requireNonNull(ours, () -> call + ": a case without ours(...)");
  }

  Function<Tensor[], Tensor> torch() {
    return Objects.requireNonNull(torch, () -> call + ": a case without torch(...)");
  }

  Bound bound() {
    return Objects.requireNonNull(bound, () -> call + ": a case without within(...)");
  }

  String call() {
    return call;
  }

  /** What jqwik prints of a case that fails. */
  @Override
  public String toString() {
    return call + " of " + inputs + ", seed " + seed;
  }
}
