#include "rows.cl"
// RMSNorm and LayerNorm of rows, and their gradients with respect to the rows. The gradients of
// weight and bias are sums over rows: norm_gradients.cl.

ROW_KERNEL void layer_norm(ROW(x), VECTOR(weight), VECTOR(bias), float epsilon, ROW(out),
                           VECTOR(mean), VECTOR(rstd), int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  float sum = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    sum += in[i * x_step];
  }
  const float middle = row_sum(sum, shared) / n;
  float squares = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    const float d = in[i * x_step] - middle;
    squares += d * d;
  }
  const float scale = 1.0f / sqrt(row_sum(squares, shared) / n + epsilon);
  if (THIS_ROW < rows) {
    global float *to = ROW_START(out, row);
    for (int i = LANE; i < n; i += ITEMS) {
      const float normal = (in[i * x_step] - middle) * scale;
      to[i * out_step] = normal * VECTOR_AT(weight, i) + VECTOR_AT(bias, i);
    }
    if (LANE == 0) {
      VECTOR_AT(mean, row) = middle;
      VECTOR_AT(rstd, row) = scale;
    }
  }
}

ROW_KERNEL void rms_norm(ROW(x), VECTOR(weight), float epsilon, ROW(out), VECTOR(rstd), int rows,
                         int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  float squares = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    const float v = in[i * x_step];
    squares += v * v;
  }
  const float scale = 1.0f / sqrt(row_sum(squares, shared) / n + epsilon);
  if (THIS_ROW < rows) {
    global float *to = ROW_START(out, row);
    for (int i = LANE; i < n; i += ITEMS) {
      to[i * out_step] = in[i * x_step] * scale * VECTOR_AT(weight, i);
    }
    if (LANE == 0) {
      VECTOR_AT(rstd, row) = scale;
    }
  }
}

// With g = dy weight and normal = (x - mean) rstd: rstd (g - mean(g) - normal mean(g normal)).
ROW_KERNEL void layer_norm_dx(ROW(x), VECTOR(weight), VECTOR(mean), VECTOR(rstd), ROW(dy), ROW(dx),
                              int rows, int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  global const float *d = ROW_START(dy, row);
  const float middle = VECTOR_AT(mean, row);
  const float scale = VECTOR_AT(rstd, row);
  float sum = 0.0f;
  float dot = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    const float g = d[i * dy_step] * VECTOR_AT(weight, i);
    sum += g;
    dot += g * ((in[i * x_step] - middle) * scale);
  }
  sum = row_sum(sum, shared) / n;
  dot = row_sum(dot, shared) / n;
  if (THIS_ROW < rows) {
    global float *to = ROW_START(dx, row);
    for (int i = LANE; i < n; i += ITEMS) {
      const float g = d[i * dy_step] * VECTOR_AT(weight, i);
      const float normal = (in[i * x_step] - middle) * scale;
      to[i * dx_step] = scale * (g - sum - normal * dot);
    }
  }
}

ROW_KERNEL void rms_norm_dx(ROW(x), VECTOR(weight), VECTOR(rstd), ROW(dy), ROW(dx), int rows,
                            int n) {
  ROW_SCRATCH
  const long row = ROW_INDEX(rows);
  global const float *in = ROW_START(x, row);
  global const float *d = ROW_START(dy, row);
  const float scale = VECTOR_AT(rstd, row);
  float dot = 0.0f;
  for (int i = LANE; i < n; i += ITEMS) {
    dot += d[i * dy_step] * VECTOR_AT(weight, i) * (in[i * x_step] * scale);
  }
  dot = row_sum(dot, shared) / n;
  if (THIS_ROW < rows) {
    global float *to = ROW_START(dx, row);
    for (int i = LANE; i < n; i += ITEMS) {
      const float g = d[i * dy_step] * VECTOR_AT(weight, i);
      to[i * dx_step] = scale * (g - in[i * x_step] * scale * dot);
    }
  }
}
