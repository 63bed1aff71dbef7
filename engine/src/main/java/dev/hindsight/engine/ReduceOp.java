package dev.hindsight.engine;

/**
 * Reductions; see {@link Backend#reduce}. {@link #ARGMAX} writes {@link DType#I32} and takes the
 * first of equals.
 */
public enum ReduceOp {
  SUM,
  MEAN,
  PROD,
  MAX,
  MIN,
  ARGMAX,
  /** log of the sum of exponentials, shifted by the maximum. */
  LOGSUMEXP
}
