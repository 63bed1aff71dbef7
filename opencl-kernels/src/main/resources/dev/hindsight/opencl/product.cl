// What all kernels for matrix products have in common.

typedef struct {
  long a, b, out;             // first elements
  long m, n, k;
  long aOther, bOther, outRow; // strides of the axes whose neighbours are not adjacent
  long aUnit, bUnit;           // strides of the others: 1 but for tensors of any strides
  long extent1, extent2;       // the inner two batch axes
  long aBatch0, bBatch0, outBatch0, aBatch1, bBatch1, outBatch1, aBatch2, bBatch2, outBatch2;
  long accumulate;
} Problem;

// Where the batch's product begins.
#define BATCH_AT(p, x, batch)                                                                         \
  (p.x + (batch) / p.extent2 / p.extent1 * p.x##Batch0 + (batch) / p.extent2 % p.extent1 * p.x##Batch1 + \
   (batch) % p.extent2 * p.x##Batch2)

// A linear layer goes on with each element where it is: BIAS adds one of a vector, RESIDUAL adds one
// of a matrix that lies as out does; each sum rounds as it does alone.
#ifdef BIAS
#define BIAS_ARGUMENTS const global float *bias, long biasAt, long biasStep,
#define PLUS_BIAS(y, column) ((y) + bias[biasAt + (column) * biasStep])
#else
#define BIAS_ARGUMENTS
#define PLUS_BIAS(y, column) (y)
#endif
#ifdef RESIDUAL
#define RESIDUAL_ARGUMENTS const global float *residual, long residualAt,
#define PLUS_RESIDUAL(y, at) (residual[residualAt + (at)] + (y))
#else
#define RESIDUAL_ARGUMENTS
#define PLUS_RESIDUAL(y, at) (y)
#endif

#define WRITE(p, out, row, column, y)                            \
  {                                                              \
    const long at = (row) * p.outRow + (column);                 \
    out[at] = PLUS_RESIDUAL(PLUS_BIAS(y, column), at);           \
  }
