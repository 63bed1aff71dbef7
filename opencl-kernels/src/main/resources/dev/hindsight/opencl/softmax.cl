#include "rows.cl"
// Softmax and its logarithm over rows, and their gradients.

// An infinite maximum leaves no distribution.
#define NO_DISTRIBUTION(e) \
  if (isinf(e.largest)) {  \
    e.sum = NAN;           \
  }

ROW_KERNEL void softmax(ROW(x), ROW(out), int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  Exponentials e = exponentials_of_row(in, x_step, n, shared);
  NO_DISTRIBUTION(e)
  if (THIS_ROW < rows) {
    global float *to = ROW_START(out, row);
    for (int i = LANE; i < n; i += ITEMS) {
      to[i * out_step] = exp(in[i * x_step] - e.largest) / e.sum;
    }
  }
}

ROW_KERNEL void log_softmax(ROW(x), ROW(out), int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  Exponentials e = exponentials_of_row(in, x_step, n, shared);
  NO_DISTRIBUTION(e)
  const float log_sum = log(e.sum);
  if (THIS_ROW < rows) {
    global float *to = ROW_START(out, row);
    for (int i = LANE; i < n; i += ITEMS) {
      to[i * out_step] = in[i * x_step] - e.largest - log_sum;
    }
  }
}

ROW_KERNEL void softmax_dx(ROW(y), ROW(dy), ROW(dx), int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *p = ROW_START(y, row);
  global const float *d = ROW_START(dy, row);
  float dot = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    dot += p[i * y_step] * d[i * dy_step];
  }
  dot = row_sum(dot, shared);
  if (THIS_ROW < rows) {
    global float *to = ROW_START(dx, row);
    for (int i = LANE; i < n; i += ITEMS) {
      to[i * dx_step] = p[i * y_step] * (d[i * dy_step] - dot);
    }
  }
}

ROW_KERNEL void log_softmax_dx(ROW(y), ROW(dy), ROW(dx), int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *log_p = ROW_START(y, row);
  global const float *d = ROW_START(dy, row);
  float sum = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    sum += d[i * dy_step];
  }
  sum = row_sum(sum, shared);
  if (THIS_ROW < rows) {
    global float *to = ROW_START(dx, row);
    for (int i = LANE; i < n; i += ITEMS) {
      to[i * dx_step] = d[i * dy_step] - exp(log_p[i * y_step]) * sum;
    }
  }
}
