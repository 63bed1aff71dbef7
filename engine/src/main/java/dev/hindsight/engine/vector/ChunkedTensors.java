package dev.hindsight.engine.vector;

import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The elements of several contiguous tensors in chunks of one size, counted through, so that one
 * parallel loop serves them all: the parameters of a small model are dozens of tensors that are not
 * worth a loop each. No chunk holds elements of two tensors, and where chunks begin depends on the
 * shapes alone.
 */
final class ChunkedTensors {
  private final int size;
  private final long[] elements;

  /** The number of the first chunk of each tensor; at the end, the number of chunks. */
  private final int[] first;

  ChunkedTensors(List<Tensor> tensors, int size) {
    this.size = size;
    elements = new long[tensors.size()];
    first = new int[elements.length + 1];
    for (int t = 0; t < elements.length; t++) {
      elements[t] = tensors.get(t).size();
      first[t + 1] = Math.addExact(first[t], Math.toIntExact((elements[t] + size - 1) / size));
    }
  }

  /** The addresses of some tensors. */
  static long[] addresses(List<Tensor> tensors) {
    return tensors.stream().mapToLong(Simd::address).toArray();
  }

  int chunks() {
    return first[elements.length];
  }

  /** The number of the first chunk of a tensor, or of all chunks behind the last. */
  int firstChunk(int tensor) {
    return first[tensor];
  }

  /** The tensor that a chunk lies in. */
  int tensor(int chunk) {
    int t = Arrays.binarySearch(first, chunk);
    if (t < 0) {
      return -t - 2;
    }
    while (first[t + 1] == chunk) { // empty tensors have no chunk
      t++;
    }
    return t;
  }

  /** Where a chunk begins in its tensor, in bytes of F32. */
  long offset(int tensor, int chunk) {
    return 4L * (chunk - first[tensor]) * size;
  }

  /** How many elements a chunk has. */
  int length(int tensor, int chunk) {
    return (int) Math.min(size, elements[tensor] - (long) (chunk - first[tensor]) * size);
  }
}
