package dev.hindsight.sdpo.dialect;

/** What stands between two arguments of a call, from likely to unlikely under the prior. */
public enum Separator {
  COMMA(","),
  SEMICOLON(";"),
  BAR("|"),
  SLASH("/");

  private final String symbol;

  Separator(String symbol) {
    this.symbol = symbol;
  }

  public String symbol() {
    return symbol;
  }
}
