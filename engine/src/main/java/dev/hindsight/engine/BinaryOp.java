package dev.hindsight.engine;

import java.util.Locale;

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
  EQUAL;

  /** The operation's name in messages, made once: every call needs it. */
  final String label = name().toLowerCase(Locale.ROOT);
}
