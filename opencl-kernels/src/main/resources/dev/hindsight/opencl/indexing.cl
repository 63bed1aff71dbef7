#include "indices.cl"
// Gathers move bits; scatters add in ascending order of what is added.

#define BAD 0x7fc00000

// A group has BLOCK columns of one row.
kernel void gather_rows(global const int *table, long at, long row, long step,
                        global const int *ids, long ids_at, long ids_step, global int *out,
                        long out_at, global int *note, int extent, int width, int blocks) {
  const long n = get_group_id(0) / blocks;
  const int block = get_group_id(0) % blocks;
  const int id = ids[ids_at + n * ids_step];
  const int fits = id >= 0 && id < extent;
  if (!fits && block == 0 && get_local_id(0) == 0) {
    note_index(note, GATHER_ROWS, id, extent, n);
  }
  const int end = min((block + 1) * BLOCK, width);
  for (int i = block * BLOCK + get_local_id(0); i < end; i += get_local_size(0)) {
    out[out_at + n * width + i] = fits ? table[at + id * row + i * step] : BAD;
  }
}

// out (n, k) = x (n, index (n, k))
kernel void gather_last(global const int *x, long at, long row, int step, global const int *index,
                        long index_at, long index_row, int index_step, global int *out,
                        long out_at, global int *note, int extent, int count, long total) {
  const long i = get_global_id(0);
  if (i < total) {
    const long n = i / count;
    const int k = i % count;
    const int id = index[index_at + n * index_row + k * index_step];
    if (id >= 0 && id < extent) {
      out[out_at + i] = x[at + n * row + id * step];
    } else {
      note_index(note, GATHER_LAST, id, extent, i);
      out[out_at + i] = BAD;
    }
  }
}

// out (n, index (n, k)) += x (n, k): the first work-item of those with one index adds for all.
kernel void scatter_add_last(global const float *x, long at, long row, int step,
                             global const int *index, long index_at, long index_row,
                             int index_step, global float *out, long out_at, long out_row,
                             int out_step, global int *note, int extent, int count, long total) {
  const long i = get_global_id(0);
  if (i >= total) {
    return;
  }
  const long n = i / count;
  const int k = i % count;
  index += index_at + n * index_row;
  const int id = index[k * index_step];
  if (id < 0 || id >= extent) {
    note_index(note, SCATTER_ADD_LAST, id, extent, i);
    return;
  }
  for (int before = 0; before < k; before++) {
    if (index[before * index_step] == id) {
      return;
    }
  }
  global float *to = out + out_at + n * out_row + (long)id * out_step;
  x += at + n * row;
  float sum = *to;
  for (int same = k; same < count; same++) {
    if (index[same * index_step] == id) {
      sum += x[same * step];
    }
  }
  *to = sum;
}
