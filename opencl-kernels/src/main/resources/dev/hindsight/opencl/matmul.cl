#include "product.cl"
// out (+)= a b in single precision. A work-group computes BM x BN elements of out, a work-item TM x
// TN of them, in squares of 4 x 4 that lie BM / (TM / 4) rows and BN / (TN / 4) columns apart, so that
// neighbours read neighbouring local memory. Blocks of BK columns of a and rows of b go through
// local memory in two halves: while one is multiplied the next one is on its way.
//
// Each element is one chain of fma over k in ascending order, whatever the tile: its bits depend
// neither on the tile nor on how many rows are computed with it.
//
// A_ALONG_K: 1 when a's neighbours lie along k, 0 when along m. B_ALONG_K: along k or along n.
// VECTOR: four neighbours are loaded at once: offsets and the other strides are multiples of 4.
#define GROUP ((BM / TM) * (BN / TN))
#define COLUMNS (BN / TN)
#define A_ROW (BM + 4)
#define B_ROW (BN + 4)
#define A_LOADS (BM * BK / 4 / GROUP)
#define B_LOADS (BN * BK / 4 / GROUP)

// Four neighbours beginning at element `along` of line `line`; `outside` where there are none. That is
// -0 for a and 0 for b: their product, -0, leaves every sum as it is, -0 too.
float4 neighbours(const global float *x, long line, long lines, long along, long count, long other, long unit,
                  float outside) {
  float4 v = (float4)(outside);
  if (line >= lines) {
    return v;
  }
  const global float *p = x + line * other + along * unit;
#if VECTOR
  if (along + 3 < count) {
    return *(const global float4 *)p;
  }
#endif
  if (along < count) v.s0 = p[0];
  if (along + 1 < count) v.s1 = p[unit];
  if (along + 2 < count) v.s2 = p[2 * unit];
  if (along + 3 < count) v.s3 = p[3 * unit];
  return v;
}

// Loads this work-item's share of a block of WIDTH lines or columns.
#define FETCH(registers, loads, x, alongK, width, first, lines, k0, other, unit, outside)                \
  _Pragma("unroll") for (int i = 0; i < loads; i++) {                                                     \
    int piece = item + i * GROUP;                                                                         \
    registers[i] = alongK ? neighbours(x, first + piece / (BK / 4), lines, k0 + piece % (BK / 4) * 4, p.k, other, unit, outside) \
                          : neighbours(x, k0 + piece / (width / 4), p.k, first + piece % (width / 4) * 4, lines, other, unit, outside); \
  }

// Puts it to local memory, k after k.
#define STORE(registers, loads, tile, alongK, width, row)                                                 \
  _Pragma("unroll") for (int i = 0; i < loads; i++) {                                                     \
    int piece = item + i * GROUP;                                                                         \
    if (alongK) {                                                                                         \
      local float *to = tile + piece % (BK / 4) * 4 * row + piece / (BK / 4);                             \
      to[0] = registers[i].s0;                                                                            \
      to[row] = registers[i].s1;                                                                          \
      to[2 * row] = registers[i].s2;                                                                      \
      to[3 * row] = registers[i].s3;                                                                      \
    } else {                                                                                              \
      *(local float4 *)(tile + piece / (width / 4) * row + piece % (width / 4) * 4) = registers[i];       \
    }                                                                                                     \
  }

kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void matmul(
    const global float *restrict aAll, const global float *restrict bAll, global float *restrict outAll,
    BIAS_ARGUMENTS RESIDUAL_ARGUMENTS Problem p) {
  local float aTile[2][BK * A_ROW] __attribute__((aligned(16)));
  local float bTile[2][BK * B_ROW] __attribute__((aligned(16)));
  const int item = get_local_id(0);

  // Groups that run at the same time share rows of a and columns of b: eight block rows at a time.
  const int blocksN = (int)((p.n + BN - 1) / BN);
  const int blocksM = (int)((p.m + BM - 1) / BM);
  const int band = get_group_id(0) / (8 * blocksN);
  const int inBand = min(8, blocksM - band * 8);
  const int place = get_group_id(0) - band * 8 * blocksN;
  const long m0 = (long)(band * 8 + place % inBand) * BM;
  const long n0 = (long)(place / inBand) * BN;

  const long batch = get_group_id(1);
  const global float *a = aAll + BATCH_AT(p, a, batch);
  const global float *b = bAll + BATCH_AT(p, b, batch);
  global float *out = outAll + BATCH_AT(p, out, batch);

  // 32 neighbours, which some machines run in step, form 8 rows of 4 where the tile has room.
#if COLUMNS % 4 == 0 && (BM / TM) % 8 == 0
  const int bundle = item / 32;
  const int tn = bundle % (COLUMNS / 4) * 4 + item % 4;
  const int tm = bundle / (COLUMNS / 4) * 8 + item % 32 / 4;
#else
  const int tn = item % COLUMNS;
  const int tm = item / COLUMNS;
#endif

  float acc[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++) {
#pragma unroll
    for (int j = 0; j < TN; j++) {
      acc[i][j] = 0.0f;
    }
  }
  if (p.accumulate) {
#pragma unroll
    for (int i = 0; i < TM; i++) {
      long row = m0 + i / 4 * (BM / (TM / 4)) + tm * 4 + i % 4;
#pragma unroll
      for (int j = 0; j < TN; j++) {
        long column = n0 + j / 4 * (BN / (TN / 4)) + tn * 4 + j % 4;
        if (row < p.m && column < p.n) {
          acc[i][j] = out[row * p.outRow + column];
        }
      }
    }
  }

  float4 aNext[A_LOADS], bNext[B_LOADS];
  FETCH(aNext, A_LOADS, a, A_ALONG_K, BM, m0, p.m, 0L, p.aOther, p.aUnit, -0.0f)
  FETCH(bNext, B_LOADS, b, B_ALONG_K, BN, n0, p.n, 0L, p.bOther, p.bUnit, 0.0f)
  STORE(aNext, A_LOADS, aTile[0], A_ALONG_K, BM, A_ROW)
  STORE(bNext, B_LOADS, bTile[0], B_ALONG_K, BN, B_ROW)
  barrier(CLK_LOCAL_MEM_FENCE);

  int phase = 0;
  for (long k0 = 0; k0 < p.k; k0 += BK) {
    const bool more = k0 + BK < p.k;
    if (more) {
      FETCH(aNext, A_LOADS, a, A_ALONG_K, BM, m0, p.m, k0 + BK, p.aOther, p.aUnit, -0.0f)
      FETCH(bNext, B_LOADS, b, B_ALONG_K, BN, n0, p.n, k0 + BK, p.bOther, p.bUnit, 0.0f)
    }
    const local float *aNow = aTile[phase] + tm * 4;
    const local float *bNow = bTile[phase] + tn * 4;
#pragma unroll
    for (int k = 0; k < BK; k++) {
      float x[TM], y[TN];
#pragma unroll
      for (int i = 0; i < TM; i += 4) {
        float4 v = *(const local float4 *)(aNow + k * A_ROW + i / 4 * (BM / (TM / 4)));
        x[i] = v.s0; x[i + 1] = v.s1; x[i + 2] = v.s2; x[i + 3] = v.s3;
      }
#pragma unroll
      for (int j = 0; j < TN; j += 4) {
        float4 v = *(const local float4 *)(bNow + k * B_ROW + j / 4 * (BN / (TN / 4)));
        y[j] = v.s0; y[j + 1] = v.s1; y[j + 2] = v.s2; y[j + 3] = v.s3;
      }
#pragma unroll
      for (int i = 0; i < TM; i++) {
#pragma unroll
        for (int j = 0; j < TN; j++) {
          acc[i][j] = fma(x[i], y[j], acc[i][j]);
        }
      }
    }
    if (more) {
      phase ^= 1;
      STORE(aNext, A_LOADS, aTile[phase], A_ALONG_K, BM, A_ROW)
      STORE(bNext, B_LOADS, bTile[phase], B_ALONG_K, BN, B_ROW)
      barrier(CLK_LOCAL_MEM_FENCE);
    }
  }

#pragma unroll
  for (int i = 0; i < TM; i++) {
    long row = m0 + i / 4 * (BM / (TM / 4)) + tm * 4 + i % 4;
    if (row < p.m) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        long column = n0 + j / 4 * (BN / (TN / 4)) + tn * 4 + j % 4;
        if (column < p.n) {
          WRITE(p, out, row, column, acc[i][j])
        }
      }
    }
  }
}
