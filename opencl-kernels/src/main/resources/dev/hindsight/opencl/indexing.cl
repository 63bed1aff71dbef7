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

// out (n, index (n, k)) += x (n, k): LANES work-items go through a row, LANES elements at a time;
// of those with one index the first adds for all, so each element of out is one chain in
// ascending k. The work grows with LANES * count. A group has ROWS rows.
kernel __attribute__((reqd_work_group_size(LANES, ROWS, 1))) void scatter_add_last(
    global const float *x, long at, long row, int step, global const int *index, long index_at,
    long index_row, int index_step, global float *out, long out_at, long out_row, int out_step,
    global int *note, int extent, int count, long total_rows) {
  local int ids[ROWS * LANES];
  const int lane = get_local_id(0);
  const long n = get_global_id(1);
  local int *tile = ids + get_local_id(1) * LANES;
  for (int first = 0; first < count; first += LANES) {
    const int k = first + lane;
    int id = -1;
    if (n < total_rows && k < count) {
      id = index[index_at + n * index_row + (long)k * index_step];
      if (id < 0 || id >= extent) {
        note_index(note, SCATTER_ADD_LAST, id, extent, n * count + k);
        id = -1;
      }
    }
    tile[lane] = id;
    barrier(CLK_LOCAL_MEM_FENCE);
    int earlier = 0;
    for (int other = 0; other < LANES; other++) {
      earlier |= other < lane && tile[other] == id;
    }
    if (id >= 0 && !earlier) {
      global float *to = out + out_at + n * out_row + (long)id * out_step;
      global const float *from = x + at + n * row + (long)first * step;
      float sum = *to;
      for (int same = lane; same < LANES; same++) {
        if (tile[same] == id) {
          sum += from[(long)same * step];
        }
      }
      *to = sum;
    }
    // the next LANES elements may have the same indices
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  }
}
