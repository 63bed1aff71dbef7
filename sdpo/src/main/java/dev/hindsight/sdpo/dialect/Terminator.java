package dev.hindsight.sdpo.dialect;

/** What ends a call, from likely to unlikely under the prior. */
public enum Terminator {
  /** Nothing: the call ends with its closing bracket. */
  NONE(""),
  DOT("."),
  BANG("!");

  private final String symbol;

  Terminator(String symbol) {
    this.symbol = symbol;
  }

  /** The token, or the empty string where there is none. */
  public String symbol() {
    return symbol;
  }
}
