// Channels i and i + half of every head of a row turn by position theta^(-i / half). A work-item
// turns one pair of channels of all heads: its sine and cosine are computed once.
//
// A far position's angle has to be known to more than a float's digits, and a device need not have
// doubles: angles are counted in turns, of which whole ones do not matter, and in pairs of floats,
// the second of which is what the first lacks.

float2 pair_of(float high, float low) {
  const float sum = high + low;
  return (float2)(sum, low - (sum - high));
}

// whole * t without its whole turns.
float2 part_of_turn(float whole, float2 t) {
  const float product = whole * t.x;
  return (float2)(product - rint(product), fma(whole, t.y, fma(whole, t.x, -product)));
}

// Both parts of an int are exact as floats.
float2 turns_at(int position, float2 t) {
  const float2 a = part_of_turn((float)(position & ~0xfff), t);
  const float2 b = part_of_turn((float)(position & 0xfff), t);
  const float sum = a.x + b.x;
  const float rest = sum - a.x;
  const float left = (a.x - (sum - rest)) + (b.x - rest);
  const float2 turns = pair_of(sum, left + (a.y + b.y));
  return (float2)(turns.x - rint(turns.x), turns.y);
}

// Within an eighth of a turn of a quarter: series of Taylor, whose next terms are below 2e-9.
void sine_and_cosine(float2 turns, float *sine, float *cosine) {
  const float quarter = rint(4.0f * turns.x);
  const float f = turns.x - 0.25f * quarter;
  const float r = f * 6.2831855f;
  const float low = fma(f, 6.2831855f, -r) + f * -1.7484556e-7f + turns.y * 6.2831855f;
  const float z = r * r;
  const float s = r + (r * z * (-1.0f / 6 + z * (1.0f / 120 + z * (-1.0f / 5040 + z * (1.0f / 362880)))) + low);
  const float c = 1.0f - (0.5f * z - (z * z * (1.0f / 24 + z * (-1.0f / 720 + z * (1.0f / 40320 - z * (1.0f / 3628800)))) - r * low));
  const int n = (int)quarter & 3;
  *sine = n == 0 ? s : n == 1 ? c : n == 2 ? -s : -c;
  *cosine = n == 0 ? c : n == 1 ? -s : n == 2 ? -c : s;
}

kernel void rope(global const float *x, long x_at, long x_row, long x_head, long x_step,
                 global const int *positions, long positions_at, long positions_step,
                 global float *out, long out_at, global const float2 *turns, int rows, int heads,
                 int half_width, float direction) {
  const int i = get_global_id(0) % half_width;
  const int n = get_global_id(0) / half_width;
  if (n >= rows) {
    return;
  }
  float s, c;
  sine_and_cosine(turns_at(positions[positions_at + n * positions_step], turns[i]), &s, &c);
  s *= direction;
  x += x_at + n * x_row + i * x_step;
  out += out_at + (long)n * heads * 2 * half_width + i;
  for (int h = 0; h < heads; h++) {
    const float a = x[h * x_head];
    const float b = x[h * x_head + half_width * x_step];
    out[h * 2 * half_width] = a * c - b * s;
    out[h * 2 * half_width + half_width] = a * s + b * c;
  }
}
