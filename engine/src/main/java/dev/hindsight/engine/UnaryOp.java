package dev.hindsight.engine;

import java.util.Locale;

/** Elementwise functions of one operand; see {@link Backend#unary}. */
public enum UnaryOp {
  NEG,
  ABS,
  SIGN,
  SQUARE,
  SQRT,
  RSQRT,
  RECIPROCAL,
  EXP,
  LOG,
  LOG1P,
  EXPM1,
  SIN,
  COS,
  TANH,
  SIGMOID,
  ERF,
  RELU,
  SOFTPLUS,
  /** x * sigmoid(x). */
  SILU,
  /** x * Phi(x) with the exact normal distribution function. */
  GELU,
  /** The tanh approximation of GELU that GPT-2 uses. */
  GELU_TANH;

  /** The operation's name in messages, made once: every call needs it. */
  final String label = name().toLowerCase(Locale.ROOT);

  /** The name of its gradient in messages. */
  final String backwardLabel = label + " backward";
}
