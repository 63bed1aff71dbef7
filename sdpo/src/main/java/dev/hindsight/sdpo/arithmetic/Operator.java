package dev.hindsight.sdpo.arithmetic;

import java.util.Optional;

/** What stands between two numbers. */
enum Operator {
  PLUS("+"),
  MINUS("-"),
  TIMES("*");

  private final String symbol;

  Operator(String symbol) {
    this.symbol = symbol;
  }

  String symbol() {
    return symbol;
  }

  long apply(long left, long right) {
    return switch (this) {
      case PLUS -> left + right;
      case MINUS -> left - right;
      case TIMES -> left * right;
    };
  }

  static Optional<Operator> ofSymbol(String symbol) {
    for (Operator operator : values()) {
      if (operator.symbol.equals(symbol)) {
        return Optional.of(operator);
      }
    }
    return Optional.empty();
  }
}
