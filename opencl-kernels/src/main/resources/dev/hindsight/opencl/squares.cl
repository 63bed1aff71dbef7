// The sum of squares of one chunk a group, in double precision.

#if DOUBLES
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define STATE double
#define NOTHING 0.0
#define RESULT double
#define FINISH(s) (s)

double with_square(double s, float x) {
  return s + (double)x * (double)x;
}

double both(double a, double b) {
  return a + b;
}

#else
// A device without doubles adds pairs of floats (T. J. Dekker, 1971): high part, and what rounding
// left over.
#define STATE float2
#define NOTHING ((float2)(0.0f, 0.0f))
#define RESULT float2
#define FINISH(s) (s)

float2 both(float2 a, float2 b) {
  const float sum = a.x + b.x;
  const float part = sum - a.x;
  const float left = (a.x - (sum - part)) + (b.x - part) + (a.y + b.y);
  const float high = sum + left;
  return (float2)(high, isinf(high) ? 0.0f : left - (high - sum));
}

float2 with_square(float2 s, float x) {
  const float square = x * x;
  return both(s, (float2)(square, isinf(square) ? 0.0f : fma(x, x, -square)));
}
#endif

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void sum_of_squares(
    global const float *x, long at, long n, long chunk, global RESULT *out, long out_at) {
  local STATE shared[ITEMS];
  const int lane = get_local_id(0);
  const long piece = get_group_id(0);
  const long end = min((piece + 1) * chunk, n);
  STATE mine = NOTHING;
  for (long i = piece * chunk + lane; i < end; i += ITEMS) {
    mine = with_square(mine, x[at + i]);
  }
  shared[lane] = mine;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int half_of = ITEMS / 2; half_of > 0; half_of /= 2) {
    if (lane < half_of) {
      shared[lane] = both(shared[lane], shared[lane + half_of]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (lane == 0) {
    out[out_at + piece] = FINISH(shared[0]);
  }
}
