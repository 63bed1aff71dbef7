package dev.hindsight.sdpo.dialect;

/** The brackets around the arguments of a call, from likely to unlikely under the prior. */
public enum Bracket {
  ROUND("(", ")"),
  SQUARE("[", "]"),
  CURLY("{", "}"),
  ANGLE("<", ">");

  private final String open;
  private final String close;

  Bracket(String open, String close) {
    this.open = open;
    this.close = close;
  }

  public String open() {
    return open;
  }

  public String close() {
    return close;
  }
}
