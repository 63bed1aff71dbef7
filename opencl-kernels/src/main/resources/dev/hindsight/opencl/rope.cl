// Channels i and i + half of every head of a row turn by position theta^(-i / half). A work-item
// turns one pair of channels of all heads: its angle, in double precision, is computed once.
#pragma OPENCL EXTENSION cl_khr_fp64 : enable

kernel void rope(global const float *x, long x_at, long x_row, long x_head, long x_step,
                 global const int *positions, long positions_at, long positions_step,
                 global float *out, long out_at, int rows, int heads, int half_width,
                 float log_high, float log_low, float direction) {
  const int i = get_global_id(0) % half_width;
  const int n = get_global_id(0) / half_width;
  if (n >= rows) {
    return;
  }
  // ln(theta) comes in two parts: devices need not take doubles as arguments.
  const double log_theta = (double)log_high + (double)log_low;
  const double angle = positions[positions_at + n * positions_step] * exp(-log_theta * i / half_width);
  double c;
  const float s = (float)(direction * sincos(angle, &c));
  const float t = (float)c;
  x += x_at + n * x_row + i * x_step;
  out += out_at + (long)n * heads * 2 * half_width + i;
  for (int h = 0; h < heads; h++) {
    const float a = x[h * x_head];
    const float b = x[h * x_head + half_width * x_step];
    out[h * 2 * half_width] = a * t - b * s;
    out[h * 2 * half_width + half_width] = a * s + b * t;
  }
}
