package dev.hindsight.gradcheck;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;

/** How the elements of a tensor lie in memory. */
public enum Layout {
  /** Row-major, from the start of its storage. */
  CONTIGUOUS,
  /** Row-major, in the middle of its storage. */
  OFFSET,
  /** Rows with foreign elements between them and around; needs an axis. */
  GAPPED,
  /** Axes in reverse order in memory; needs two axes to differ from contiguous. */
  TRANSPOSED;

  /** What lies around the elements of a view: reading it by mistake spoils every result. */
  private static final double FOREIGN = 1e30;

  /** A tensor with these elements, in row-major order of {@code shape}, laid out this way. */
  Tensor tensor(Backend backend, DType dtype, Shape shape, double[] values) {
    Tensor plain = TensorOps.cast(Tensor.of(backend, shape, values), dtype);
    int rank = shape.rank();
    Tensor view =
        switch (this) {
          case CONTIGUOUS -> plain;
          case OFFSET ->
              around(backend, dtype, Shape.of(Math.toIntExact(shape.size()) + 5))
                  .slice(0, 3, 3 + Math.toIntExact(shape.size()))
                  .reshape(shape);
          case GAPPED ->
              rank == 0
                  ? plain
                  : around(backend, dtype, shape.with(-1, shape.dim(-1) + 3))
                      .slice(-1, 1, 1 + shape.dim(-1));
          case TRANSPOSED -> {
            int[] dims = new int[rank];
            int[] order = new int[rank];
            for (int i = 0; i < rank; i++) {
              order[i] = rank - 1 - i;
              dims[i] = shape.dim(rank - 1 - i);
            }
            yield around(backend, dtype, Shape.of(dims)).permute(order);
          }
        };
    if (view != plain) {
      TensorOps.copy(plain, view);
    }
    return view;
  }

  private static Tensor around(Backend backend, DType dtype, Shape shape) {
    return TensorOps.full(backend, dtype, shape, FOREIGN);
  }
}
