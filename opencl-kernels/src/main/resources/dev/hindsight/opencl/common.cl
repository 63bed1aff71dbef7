// In front of every kernel file. Products and sums are contracted nowhere but where fma() is
// written: results are the same on every device that rounds as IEEE 754 asks.
#pragma OPENCL FP_CONTRACT OFF

// As Java's Math.max and min: NaN if one is, and 0 is larger than -0.
float larger(float a, float b) {
  return a > b || isnan(a) ? a : a == b ? as_float(as_int(a) & as_int(b)) : b;
}

float smaller(float a, float b) {
  return a < b || isnan(a) ? a : a == b ? as_float(as_int(a) | as_int(b)) : b;
}
