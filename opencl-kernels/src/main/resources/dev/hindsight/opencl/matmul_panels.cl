#include "product.cl"
// out (+)= a b on a CPU, where local memory is memory like any other and a barrier costs more than it
// gives: a work-item computes a block of TM x TN of out alone, in vectors of 16. b is packed before
// into panels of TN columns, row after row, with zeros behind the last column, so that its vectors
// follow each other in memory whatever b's strides are.
//
// As in matmul.cl each element is one chain of fma over k in ascending order.

#define VECTORS (TN / 16)
#define PACK_ROWS 64

// A work-item packs PACK_ROWS rows of a panel.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void pack_panels(
    const global float *restrict bAll, global float *restrict panels, long kStep, long nStep, Problem p) {
  const long panel = get_group_id(0);
  const long first = (long)get_group_id(1) * PACK_ROWS;
  const long batch = get_group_id(2);
  const long last = min(first + PACK_ROWS, p.k);
  const long columns = min((long)TN, p.n - panel * TN);
  const global float *b = bAll + BATCH_AT(p, b, batch) + panel * TN * nStep;
  global float *to = panels + (batch * get_num_groups(0) + panel) * p.k * TN;
  // Along b's neighbours.
  if (nStep == 1) {
    for (long k = first; k < last; k++) {
      for (int j = 0; j < TN; j++) {
        to[k * TN + j] = j < columns ? b[k * kStep + j] : 0.0f;
      }
    }
  } else {
    for (int j = 0; j < TN; j++) {
      for (long k = first; k < last; k++) {
        to[k * TN + j] = j < columns ? b[k * kStep + j * nStep] : 0.0f;
      }
    }
  }
}

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void matmul_panels(
    const global float *restrict aAll, const global float *restrict panels, global float *restrict outAll,
    BIAS_ARGUMENTS RESIDUAL_ARGUMENTS long mStep, long kStep, int shared, Problem p) {
  const long m0 = (long)get_group_id(0) * TM;
  const long n0 = (long)get_group_id(1) * TN;
  const long batch = get_group_id(2);
  const global float *a = aAll + BATCH_AT(p, a, batch);
  // all batches may have one b
  const global float *b = panels + ((shared ? 0 : batch) * get_num_groups(1) + get_group_id(1)) * p.k * TN;
  global float *out = outAll + BATCH_AT(p, out, batch);

  // Rows behind the last one repeat it.
  const global float *rows[TM];
  float16 acc[TM][VECTORS];
#pragma unroll
  for (int i = 0; i < TM; i++) {
    const long row = min(m0 + i, p.m - 1);
    rows[i] = a + row * mStep;
    float start[TN];
    for (int j = 0; j < TN; j++) {
      start[j] = p.accumulate && n0 + j < p.n ? out[row * p.outRow + n0 + j] : 0.0f;
    }
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      acc[i][v] = vload16(v, start);
    }
  }

  for (long k = 0; k < p.k; k++) {
    float16 y[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; v++) {
      y[v] = vload16(v, b + k * TN);
    }
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const float16 x = (float16)(rows[i][k * kStep]);
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
        acc[i][v] = fma(x, y[v], acc[i][v]);
      }
    }
  }

#pragma unroll
  for (int i = 0; i < TM; i++) {
    const long row = m0 + i;
    if (row < p.m) {
      float end[TN];
#pragma unroll
      for (int v = 0; v < VECTORS; v++) {
        vstore16(acc[i][v], v, end);
      }
      for (int j = 0; j < TN; j++) {
        const long column = n0 + j;
        if (column < p.n) {
          WRITE(p, out, row, column, end[j])
        }
      }
    }
  }
}
