// What a device can do at most: what measurements of other kernels are compared with.
//
// FLOATS: float, or the vector of floats that the device's registers hold.

#define EACH(STEP) STEP(a) STEP(b) STEP(c) STEP(d) STEP(e) STEP(f) STEP(g) STEP(h) STEP(k) STEP(l) STEP(m) STEP(n)
#define MULTIPLY_ADD(chain) chain = fma(chain, x, y);

// Twelve chains of fused multiply-adds an item, which touch no memory: more than a processor's
// latency times its units. All start from numbers of their own, so that none can be left out. A
// round is four steps of each, so that counting rounds costs next to nothing.
kernel void fma_chains(global FLOATS *out, int rounds, float scale, float shift) {
  const FLOATS x = (FLOATS)(scale);
  const FLOATS y = (FLOATS)(shift);
  const float first = (float)(get_global_id(0) % 1024);
  FLOATS a = (FLOATS)(first), b = a + 1.0f, c = a + 2.0f, d = a + 3.0f, e = a + 4.0f, f = a + 5.0f;
  FLOATS g = a + 6.0f, h = a + 7.0f, k = a + 8.0f, l = a + 9.0f, m = a + 10.0f, n = a + 11.0f;
  for (int i = 0; i < rounds; i++) {
    EACH(MULTIPLY_ADD)
    EACH(MULTIPLY_ADD)
    EACH(MULTIPLY_ADD)
    EACH(MULTIPLY_ADD)
  }
  out[get_global_id(0)] = a + b + c + d + e + f + g + h + k + l + m + n;
}

kernel void copy(const global float4 *restrict x, global float4 *restrict out) {
  const size_t i = get_global_id(0);
  out[i] = x[i];
}
