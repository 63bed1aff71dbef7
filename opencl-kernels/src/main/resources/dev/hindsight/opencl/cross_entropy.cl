#include "rows.cl"
#include "indices.cl"
// Cross-entropy of rows of logits against classes; negative classes are rows to be ignored.

ROW_KERNEL void cross_entropy(ROW(logits), global const int *targets, long targets_at,
                              long targets_step, VECTOR(loss), VECTOR(lse), global int *note,
                              int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(logits, row);
  const Exponentials e = exponentials_of_row(in, logits_step, n, shared);
  if (THIS_ROW < rows && LANE == 0) {
    const float all = e.largest + log(e.sum);
    const int target = targets[targets_at + row * targets_step];
    float result = 0.0f;
    if (target >= n) {
      note_index(note, CROSS_ENTROPY, target, n, row);
      result = NAN;
    } else if (target >= 0) {
      result = all - in[target * logits_step];
    }
    VECTOR_AT(loss, row) = result;
    VECTOR_AT(lse, row) = all;
  }
}

// A group has BLOCK elements of one row; a work-item reads its own before it writes: in place.
kernel void cross_entropy_dx(ROW(logits), global const int *targets, long targets_at,
                             long targets_step, VECTOR(lse), VECTOR(loss), ROW(dx),
                             global int *note, int n, int blocks) {
  const long row = get_group_id(0) / blocks;
  const int block = get_group_id(0) % blocks;
  const int target = targets[targets_at + row * targets_step];
  const float all = VECTOR_AT(lse, row);
  const float d = VECTOR_AT(loss, row);
  global const float *in = ROW_START(logits, row);
  global float *to = ROW_START(dx, row);
  if (target >= n && block == 0 && get_local_id(0) == 0) {
    note_index(note, CROSS_ENTROPY_BACKWARD, target, n, row);
  }
  const int end = min((block + 1) * BLOCK, n);
  for (int i = block * BLOCK + get_local_id(0); i < end; i += get_local_size(0)) {
    const float p = exp(in[i * logits_step] - all);
    to[i * dx_step] = target < 0 ? 0.0f : (i == target ? p - 1.0f : p) * d;
  }
}
