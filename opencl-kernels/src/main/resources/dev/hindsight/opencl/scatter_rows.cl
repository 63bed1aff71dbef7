#include "indices.cl"
// out[ids[n], :] += rows[n, :] in ascending n, without atomics: keys (id, n) are sorted by a
// bitonic network (K. E. Batcher, 1968), and the group that finds the first key of an id adds all
// its rows. TILE keys are sorted in local memory by TILE / 2 work-items.

void exchange_local(local ulong *keys, int low, int high, int descending) {
  const ulong a = keys[low];
  const ulong b = keys[high];
  if ((a > b) != descending) {
    keys[low] = b;
    keys[high] = a;
  }
}

// Steps of distance below TILE of the merge of runs of 2 * size keys.
void merge_local(local ulong *keys, long first, long size, int distance) {
  const int item = get_local_id(0);
  for (; distance > 0; distance /= 2) {
    const int low = 2 * item - (item & (distance - 1));
    barrier(CLK_LOCAL_MEM_FENCE);
    exchange_local(keys, low, low + distance, ((first + low) & (2 * size)) != 0);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
}

// Makes the keys and sorts each tile, up and down by turns.
kernel __attribute__((reqd_work_group_size(TILE / 2, 1, 1))) void sort_tiles(
    global const int *ids, long ids_at, long ids_step, long count, int extent, global int *note,
    global ulong *keys) {
  local ulong tile[TILE];
  const int item = get_local_id(0);
  const long first = (long)get_group_id(0) * TILE;
  for (int k = item; k < TILE; k += TILE / 2) {
    const long n = first + k;
    ulong key = ULONG_MAX;
    if (n < count) {
      const int id = ids[ids_at + n * ids_step];
      if (id < 0 || id >= extent) {
        note_index(note, SCATTER_ADD_ROWS, id, extent, n);
      } else {
        key = (ulong)id << 32 | (ulong)n;
      }
    }
    tile[k] = key;
  }
  for (int size = 1; size < TILE; size *= 2) {
    merge_local(tile, first, size, size);
  }
  keys[first + 2 * item] = tile[2 * item];
  keys[first + 2 * item + 1] = tile[2 * item + 1];
}

// One step of a merge whose distance spans tiles.
kernel void merge_step(global ulong *keys, long size, long distance) {
  const long item = get_global_id(0);
  const long low = 2 * item - (item & (distance - 1));
  const ulong a = keys[low];
  const ulong b = keys[low + distance];
  if ((a > b) != ((low & (2 * size)) != 0)) {
    keys[low] = b;
    keys[low + distance] = a;
  }
}

// The rest of a merge, within tiles.
kernel __attribute__((reqd_work_group_size(TILE / 2, 1, 1))) void merge_tiles(global ulong *keys,
                                                                              long size) {
  local ulong tile[TILE];
  const int item = get_local_id(0);
  const long first = (long)get_group_id(0) * TILE;
  tile[2 * item] = keys[first + 2 * item];
  tile[2 * item + 1] = keys[first + 2 * item + 1];
  merge_local(tile, first, size, TILE / 2);
  keys[first + 2 * item] = tile[2 * item];
  keys[first + 2 * item + 1] = tile[2 * item + 1];
}

// One group a key and block of columns; one column a work-item.
kernel void add_rows(global const ulong *keys, long count, global const float *rows, long at,
                     long row, int step, global float *out, long out_at, long out_row,
                     int out_step, int width, int blocks) {
  const long first = get_group_id(0) / blocks;
  const int i = (int)(get_group_id(0) % blocks) * get_local_size(0) + get_local_id(0);
  const ulong id = keys[first] >> 32;
  if (i >= width || id == UINT_MAX || (first > 0 && keys[first - 1] >> 32 == id)) {
    return;
  }
  global float *to = out + out_at + (long)id * out_row + (long)i * out_step;
  rows += at + (long)i * step;
  float sum = *to;
  for (long k = first; k < count && keys[k] >> 32 == id; k++) {
    sum += rows[(long)(keys[k] & UINT_MAX) * row];
  }
  *to = sum;
}
