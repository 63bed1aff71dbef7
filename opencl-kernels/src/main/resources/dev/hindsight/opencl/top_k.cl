// The k largest elements of each row, descending: radix selection. Every element gets a key of 64
// bits that no other has, so that any order of work gives the same result: the value's order, then
// the lower index. Digits of the k-th largest key are found from the top by counting; when those
// that share its first digits are just as many as are still wanted, the rest need not be known. All
// keys from there on are collected and sorted.
#define GROUP_ROWS 1
#include "rows.cl"

#define DIGIT 8
#define BINS (1 << DIGIT)

// As larger() orders, 0 and -0 being equal; a NaN comes before infinity.
ulong key_of(float x, int index) {
  const uint bits = as_uint(x == 0.0f ? 0.0f : x);
  const uint order = isnan(x) ? UINT_MAX : bits ^ (bits >> 31 ? UINT_MAX : 1u << 31);
  return (ulong)order << 32 | (uint)~index;
}

// keys has `places` of them for each row of this launch, a power of two from k on.
ROW_KERNEL void top_k(ROW(x), ROW(values), global int *indices, long indices_at, long indices_row,
                      int indices_step, global ulong *keys, long first, int places, int k, int n) {
  local uint counts[BINS];
  local int collected;
  const long row = first + get_group_id(0);
  global const float *in = ROW_START(x, row);
  keys += (long)get_group_id(0) * places;

  ulong prefix = 0;
  int shift = 64;
  uint wanted = k;
  for (bool more = true; more;) {
    for (int bin = LANE; bin < BINS; bin += ITEMS) {
      counts[bin] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = LANE; i < n; i += ITEMS) {
      const ulong key = key_of(in[i * x_step], i);
      if (shift == 64 || key >> shift == prefix) {
        atomic_inc(&counts[key >> (shift - DIGIT) & (BINS - 1)]);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    int digit = BINS - 1;
    for (; counts[digit] < wanted; digit--) {
      wanted -= counts[digit];
    }
    prefix = prefix << DIGIT | (ulong)digit;
    shift -= DIGIT;
    more = counts[digit] > wanted;
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  if (LANE == 0) {
    collected = 0;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = LANE; i < n; i += ITEMS) {
    const ulong key = key_of(in[i * x_step], i);
    if (key >> shift >= prefix) {
      keys[atomic_inc(&collected)] = key;
    }
  }
  for (int i = k + LANE; i < places; i += ITEMS) {
    keys[i] = 0; // below every element's
  }
  barrier(CLK_GLOBAL_MEM_FENCE);

  // Bitonic, descending.
  for (int size = 2; size <= places; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int pair = LANE; pair < places / 2; pair += ITEMS) {
        const int a = pair / distance * 2 * distance + pair % distance;
        const ulong left = keys[a];
        const ulong right = keys[a + distance];
        if ((left < right) == ((a & size) == 0)) {
          keys[a] = right;
          keys[a + distance] = left;
        }
      }
      barrier(CLK_GLOBAL_MEM_FENCE);
    }
  }

  for (int i = LANE; i < k; i += ITEMS) {
    const int index = (int)~(uint)keys[i];
    (ROW_START(values, row))[i * values_step] = in[(long)index * x_step];
    (ROW_START(indices, row))[i * indices_step] = index;
  }
}
