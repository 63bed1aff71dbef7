#include "rows.cl"
// Reductions over trailing axes (reduce_rows) and over axes before others (reduce_columns), with
// OP one of these:
#define SUM 0
#define PROD 1
#define MAX 2
#define MIN 3
#define ARGMAX 4
#define LOGSUMEXP 5

#if OP == SUM
#define STATE float
#define NOTHING 0.0f
#define WITH(s, x, i) ((s) + (x))
#define BOTH(a, b) ((a) + (b))
#elif OP == PROD
#define STATE float
#define NOTHING 1.0f
#define WITH(s, x, i) ((s) * (x))
#define BOTH(a, b) ((a) * (b))
#elif OP == MAX
#define STATE float
#define NOTHING (-INFINITY)
#define WITH(s, x, i) larger(s, x)
#define BOTH(a, b) larger(a, b)
#elif OP == MIN
#define STATE float
#define NOTHING INFINITY
#define WITH(s, x, i) smaller(s, x)
#define BOTH(a, b) smaller(a, b)
#elif OP == LOGSUMEXP
#define STATE Exponentials
#define NOTHING no_exponentials()
#define WITH(s, x, i) with_exponential(s, x)
#define BOTH(a, b) both_exponentials(a, b)
#else
typedef struct {
  float value;
  int at;
} Best;

Best nothing(void) {
  Best b = {0.0f, -1};
  return b;
}

// NaN is larger than anything; the lower index of equals.
Best better(Best a, Best b) {
  if (a.at < 0 || b.at < 0) {
    return a.at < 0 ? b : a;
  }
  const int before = b.value > a.value || (isnan(b.value) && !isnan(a.value));
  const int after = a.value > b.value || (isnan(a.value) && !isnan(b.value));
  return before || (!after && b.at < a.at) ? b : a;
}

Best with(Best s, float x, int i) {
  Best b = {x, i};
  return better(s, b);
}

#define STATE Best
#define NOTHING nothing()
#define WITH(s, x, i) with(s, x, i)
#define BOTH(a, b) better(a, b)
#endif

#if OP == ARGMAX
#define RESULT int
#define FINISH(s) ((s).at)
#elif OP == LOGSUMEXP
#define RESULT float
#define FINISH(s) ((s).largest + log((s).sum))
#else
#define RESULT float
#define FINISH(s) ((s) / divisor)
#endif

TREE(row_state, STATE, BOTH)

// Result (i, j, c): the elements of chunk c of the row at i row0 + j row1, j below extent1.
ROW_KERNEL void reduce_rows(global const float *x, long at, long row0, long row1, int extent1,
                            long step, long n, long chunk, int chunks, float divisor,
                            global RESULT *out, long out_at, long results) {
  local STATE shared[ITEMS * GROUP_ROWS];
  const long result = ROW_INDEX(results);
  const long piece = result % chunks;
  const long row = result / chunks;
  const long end = min((piece + 1) * chunk, n);
  x += at + row / extent1 * row0 + row % extent1 * row1;
  STATE mine = NOTHING;
  for (long i = piece * chunk + LANE; i < end; i += ITEMS) {
    mine = WITH(mine, x[i * step], (int)i);
  }
  const STATE all = row_state(mine, shared);
  if (THIS_ROW < results && LANE == 0) {
    out[out_at + result] = FINISH(all);
  }
}

// Result (a, c, i): the elements (a, r, i) with r in chunk c. A group has ITEMS columns, and
// GROUP_ROWS work-items a column.
ROW_KERNEL void reduce_columns(global const float *x, long at, long outer, long row, long step,
                               int columns, int blocks, int n, int chunk, int chunks,
                               float divisor, global RESULT *out, long out_at) {
  local STATE shared[GROUP_ROWS][ITEMS];
  const int lane = get_local_id(1);
  const int column = get_local_id(0);
  const long group = get_group_id(0);
  const int i = (int)(group % blocks) * ITEMS + column;
  const long result = group / blocks;
  const int first = (int)(result % chunks) * chunk;
  const int end = min(first + chunk, n);
  STATE mine = NOTHING;
  if (i < columns) {
    x += at + result / chunks * outer + i * step;
    for (int r = first + lane; r < end; r += GROUP_ROWS) {
      mine = WITH(mine, x[r * row], r);
    }
  }
  shared[lane][column] = mine;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (lane == 0 && i < columns) {
    for (int other = 1; other < GROUP_ROWS; other++) {
      mine = BOTH(mine, shared[other][column]);
    }
    out[out_at + result * columns + i] = FINISH(mine);
  }
}
