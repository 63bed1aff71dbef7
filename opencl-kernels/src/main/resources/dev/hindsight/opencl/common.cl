// In front of every kernel file. Products and sums are contracted nowhere but where fma() is
// written: results are the same on every device that rounds as IEEE 754 asks.
#pragma OPENCL FP_CONTRACT OFF
