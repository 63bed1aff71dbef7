package dev.hindsight.engine;

import java.util.Locale;

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
  LOGSUMEXP;

  /** The operation's name in messages, made once: every call needs it. */
  final String label = name().toLowerCase(Locale.ROOT);
}
