// Reductions of rows. ITEMS work-items have a row between them, GROUP_ROWS rows share a group;
// element i belongs to item i % ITEMS, and the items' results meet in a tree whose form is fixed:
// the order of a sum is that of its length, whatever else is computed.

#define ROW(name) global float *name, long name##_at, long name##_row, int name##_step
#define VECTOR(name) global float *name, long name##_at, long name##_step
#define VECTOR_AT(name, i) name[name##_at + (i) * name##_step]

#define ROW_KERNEL kernel __attribute__((reqd_work_group_size(ITEMS, GROUP_ROWS, 1)))

// Rows behind the last compute the last one again, so that all items meet at barriers.
#define LANE ((int)get_local_id(0))
#define THIS_ROW ((long)(get_group_id(0) * GROUP_ROWS + get_local_id(1)))
#define ROW_INDEX(rows) min(THIS_ROW, (long)(rows) - 1)
#define ROW_START(name, row) (name + name##_at + (row) * name##_row)

// Up to eight values meet at a time: three or four barriers a tree.
#define TREE(name, type, combine)                                    \
  type name(type value, local type *shared) {                       \
    const int lane = get_local_id(0);                                \
    shared += get_local_id(1) * ITEMS;                               \
    barrier(CLK_LOCAL_MEM_FENCE);                                    \
    shared[lane] = value;                                            \
    barrier(CLK_LOCAL_MEM_FENCE);                                    \
    for (int live = ITEMS; live > 1;) {                              \
      const int left = live >= 8 ? live / 8 : 1;                     \
      if (lane < left) {                                             \
        type all = shared[lane];                                     \
        for (int other = lane + left; other < live; other += left) { \
          all = combine(all, shared[other]);                         \
        }                                                            \
        shared[lane] = all;                                          \
      }                                                              \
      barrier(CLK_LOCAL_MEM_FENCE);                                  \
      live = left;                                                   \
    }                                                                \
    return shared[0];                                                \
  }

#define PLUS(a, b) ((a) + (b))
TREE(row_sum, float, PLUS)
TREE(row_largest, float, larger)

#define ROW_SCRATCH local float shared[ITEMS * GROUP_ROWS];

// The largest of some numbers (NaN left aside), and the sum of exp(x - largest): with it, numbers
// are read once. A number that is the largest counts 1 even where it is infinite, where the
// difference would be NaN; a NaN stays in the sum.
typedef struct {
  float largest;
  float sum;
} Exponentials;

Exponentials no_exponentials(void) {
  Exponentials e = {-INFINITY, 0.0f};
  return e;
}

Exponentials with_exponential(Exponentials e, float x) {
  if (x > e.largest) {
    e.sum = e.sum * exp(e.largest - x) + 1.0f;
    e.largest = x;
  } else {
    e.sum += x == e.largest ? 1.0f : exp(x - e.largest);
  }
  return e;
}

Exponentials both_exponentials(Exponentials a, Exponentials b) {
  Exponentials e;
  e.largest = fmax(a.largest, b.largest);
  e.sum = a.sum * (a.largest == e.largest ? 1.0f : exp(a.largest - e.largest));
  e.sum += b.sum * (b.largest == e.largest ? 1.0f : exp(b.largest - e.largest));
  return e;
}

Exponentials row_exponentials(Exponentials mine, local float *shared) {
  Exponentials all;
  all.largest = row_largest(mine.largest, shared);
  const float scale = mine.largest == all.largest ? 1.0f : exp(mine.largest - all.largest);
  all.sum = row_sum(mine.sum * scale, shared);
  return all;
}

// Four at a time: their exponentials do not wait for each other.
Exponentials exponentials_of_row(global const float *x, int step, int n, local float *shared) {
  Exponentials mine = no_exponentials();
  int i = get_local_id(0);
  for (; i + 3 * ITEMS < n; i += 4 * ITEMS) {
    const float a = x[i * step];
    const float b = x[(i + ITEMS) * step];
    const float c = x[(i + 2 * ITEMS) * step];
    const float d = x[(i + 3 * ITEMS) * step];
    const float top = fmax(fmax(a, b), fmax(c, d));
    if (top > mine.largest) {
      mine.sum *= exp(mine.largest - top);
      mine.largest = top;
    }
    mine.sum += ((a == mine.largest ? 1.0f : exp(a - mine.largest)) +
                 (b == mine.largest ? 1.0f : exp(b - mine.largest))) +
                ((c == mine.largest ? 1.0f : exp(c - mine.largest)) +
                 (d == mine.largest ? 1.0f : exp(d - mine.largest)));
  }
  for (; i < n; i += ITEMS) {
    mine = with_exponential(mine, x[i * step]);
  }
  return row_exponentials(mine, shared);
}
