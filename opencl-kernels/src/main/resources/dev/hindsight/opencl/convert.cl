// Between F32 and the storage formats, rounding to the nearest, ties to even.

float from_bf16(ushort x) { return as_float((uint)x << 16); }

ushort to_bf16(float x) {
  const uint bits = as_uint(x);
  // a NaN must not round to infinity
  return isnan(x) ? (ushort)(bits >> 16 | 0x40) : (ushort)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

kernel void bf16_to_f32(global const ushort *x, long x_at, global float *out, long out_at, long n) {
  const long i = get_global_id(0);
  if (i < n) {
    out[out_at + i] = from_bf16(x[x_at + i]);
  }
}

kernel void f32_to_bf16(global const float *x, long x_at, global ushort *out, long out_at, long n) {
  const long i = get_global_id(0);
  if (i < n) {
    out[out_at + i] = to_bf16(x[x_at + i]);
  }
}

kernel void f16_to_f32(global const half *x, long x_at, global float *out, long out_at, long n) {
  const long i = get_global_id(0);
  if (i < n) {
    out[out_at + i] = vload_half(x_at + i, x);
  }
}

kernel void f32_to_f16(global const float *x, long x_at, global half *out, long out_at, long n) {
  const long i = get_global_id(0);
  if (i < n) {
    // which bits of a NaN are kept differs from driver to driver
    const float v = x[x_at + i];
    if (isnan(v)) {
      ((global ushort *)out)[out_at + i] = as_uint(v) >> 31 << 15 | 0x7e00;
    } else {
      vstore_half_rte(v, out_at + i, out);
    }
  }
}
