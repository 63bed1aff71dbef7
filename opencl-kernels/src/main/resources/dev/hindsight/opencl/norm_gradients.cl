// Gradients of a norm's weight and bias: sums over rows. A group has COLUMNS channels and one chunk
// of rows, which LANES work-items share; what chunks give is added by reduce_columns.

#define VECTOR(name) global const float *name, long name##_at, long name##_step

kernel __attribute__((reqd_work_group_size(COLUMNS, LANES, 1))) void norm_gradients(
    global const float *x, long x_at, long x_row, int x_step,
#if CENTERED
    VECTOR(mean),
#endif
    VECTOR(rstd), global const float *dy, long dy_at, long dy_row, int dy_step, int rows, int n,
    int chunk, int blocks, global float *weights, long biases_at) {
  local float w[LANES][COLUMNS];
  local float b[LANES][COLUMNS];
  const int block = get_group_id(0) % blocks;
  const long piece = get_group_id(0) / blocks;
  const int column = get_local_id(0);
  const int lane = get_local_id(1);
  const int i = block * COLUMNS + column;
  const long end = min((piece + 1) * chunk, (long)rows);
  float weight = 0.0f;
  float bias = 0.0f;
  if (i < n) {
    for (long row = piece * chunk + lane; row < end; row += LANES) {
      const float d = dy[dy_at + row * dy_row + i * dy_step];
      float v = x[x_at + row * x_row + i * x_step];
#if CENTERED
      v -= mean[mean_at + row * mean_step];
#endif
      weight += d * (v * rstd[rstd_at + row * rstd_step]);
      bias += d;
    }
  }
  w[lane][column] = weight;
  b[lane][column] = bias;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (lane == 0 && i < n) {
    for (int other = 1; other < LANES; other++) {
      weight += w[other][column];
      bias += b[other][column];
    }
    weights[piece * n + i] = weight;
    weights[biases_at + piece * n + i] = bias;
  }
}
