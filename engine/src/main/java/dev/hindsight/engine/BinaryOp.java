package dev.hindsight.engine;

/**
 * Elementwise functions of two operands with broadcasting; comparisons give 1 or 0. See {@link
 * Backend#binary}.
 */
public enum BinaryOp {
  ADD,
  SUB,
  MUL,
  DIV,
  POW,
  MINIMUM,
  MAXIMUM,
  GREATER,
  GREATER_EQUAL,
  LESS,
  LESS_EQUAL,
  EQUAL
}
