package dev.hindsight.sdpo.teacher;

/** Taking the thinking out of a response before it is shown as a solution. */
final class Thinking {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  private Thinking() {}

  /**
   * The text without its closed {@code <think>...</think>} blocks and the white space that follows
   * each. A block ends at the first closing tag; an opening tag that is never closed and a closing
   * tag without an opening one stay.
   */
  static String remove(String text) {
    StringBuilder kept = new StringBuilder();
    int at = 0;
    while (true) {
      int open = text.indexOf(OPEN, at);
      int close = open < 0 ? -1 : text.indexOf(CLOSE, open + OPEN.length());
      if (close < 0) {
        return kept.append(text, at, text.length()).toString();
      }
      kept.append(text, at, open);
      at = close + CLOSE.length();
      while (at < text.length() && isSpace(text.charAt(at))) {
        at++;
      }
    }
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }
}
