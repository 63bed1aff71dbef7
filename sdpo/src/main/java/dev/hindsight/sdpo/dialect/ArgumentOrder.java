package dev.hindsight.sdpo.dialect;

/** Which way round a call takes its arguments, from likely to unlikely under the prior. */
public enum ArgumentOrder {
  AS_ASKED,
  REVERSED;

  /**
   * The arguments of a call for digits in the question's order, or the other way: it is its own
   * inverse.
   */
  public int[] arrange(int... digits) {
    int[] arranged = digits.clone();
    if (this == REVERSED) {
      for (int i = 0; i < digits.length; i++) {
        arranged[i] = digits[digits.length - 1 - i];
      }
    }
    return arranged;
  }
}
