// One element of each output from the elements at the same place of the inputs: F names the
// function, a macro of functions.cl that reads x0, x1, x2 and the scalars s0, s1 and sets y0 (and
// y1). INPUTS and OUTPUTS count the operands, RANK the axes of their layout; 0 stands for
// neighbours that follow each other in all of them. INDEX is int where every offset fits it.
#include "functions.cl"

#define STEPS 4

typedef struct {
  long size;
#if RANK > 0
  long extent[RANK];
  long stride[INPUTS + OUTPUTS][RANK];
#endif
} Layout;

INDEX place(const Layout *p, int operand, INDEX i) {
#if RANK == 0
  return i;
#else
  INDEX at = 0;
#pragma unroll
  for (int axis = RANK - 1; axis > 0; axis--) {
    const INDEX extent = (INDEX)p->extent[axis];
    const INDEX rest = i / extent;
    at += (i - rest * extent) * (INDEX)p->stride[operand][axis];
    i = rest;
  }
  return at + i * (INDEX)p->stride[operand][0];
#endif
}

// A work-item reads all its elements before it writes: an output may be an input.
kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void map(
#if INPUTS > 0
    global const float *in0, long in0_at,
#endif
#if INPUTS > 1
    global const float *in1, long in1_at,
#endif
#if INPUTS > 2
    global const float *in2, long in2_at,
#endif
    global float *out0, long out0_at,
#if OUTPUTS > 1
    global float *out1, long out1_at,
#endif
    float s0, float s1, Layout p) {
  const INDEX first = (INDEX)get_group_id(0) * (GROUP * STEPS) + (INDEX)get_local_id(0);
  float v0[STEPS], v1[STEPS], v2[STEPS];
#pragma unroll
  for (int k = 0; k < STEPS; k++) {
    const INDEX i = first + k * GROUP;
    if (i < (INDEX)p.size) {
#if INPUTS > 0
      v0[k] = in0[in0_at + place(&p, 0, i)];
#endif
#if INPUTS > 1
      v1[k] = in1[in1_at + place(&p, 1, i)];
#endif
#if INPUTS > 2
      v2[k] = in2[in2_at + place(&p, 2, i)];
#endif
    }
  }
#pragma unroll
  for (int k = 0; k < STEPS; k++) {
    const INDEX i = first + k * GROUP;
    if (i < (INDEX)p.size) {
      const float x0 = v0[k], x1 = v1[k], x2 = v2[k];
      float y0, y1;
      F;
      out0[out0_at + place(&p, INPUTS, i)] = y0;
#if OUTPUTS > 1
      out1[out1_at + place(&p, INPUTS + 1, i)] = y1;
#endif
    }
  }
}
