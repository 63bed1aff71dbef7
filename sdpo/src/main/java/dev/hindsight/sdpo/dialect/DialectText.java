package dev.hindsight.sdpo.dialect;

import java.util.ArrayList;
import java.util.List;

/**
 * Between texts and tokens.
 *
 * <p><b>Splitting</b> drops white space, then takes the longest token of the vocabulary: {@code
 * lab[9;4;7]} and {@code lab [ 9 ; 4 ; 7 ]} are the same eight tokens, and {@code 49} is the two
 * tokens {@code 4 9}.
 *
 * <p><b>Joining</b> writes calls without spaces and everything else with one space between tokens.
 * Splitting what was joined gives the same tokens, for any tokens in any order.
 */
public final class DialectText {
  private DialectText() {}

  /**
   * The tokens of a text. Never fails: a run of letters that is no token, or any other character,
   * becomes a piece of its own that is not in the vocabulary.
   */
  public static List<String> split(String text) {
    List<String> tokens = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.codePointAt(at);
      if (Character.isWhitespace(codePoint)) {
        at += Character.charCount(codePoint);
        continue;
      }
      String token = longToken(text, at);
      if (token == null) {
        token = isLetter(codePoint) ? word(text, at) : Character.toString(codePoint);
      }
      tokens.add(token);
      at += token.length();
    }
    return tokens;
  }

  /**
   * A control token or template string that starts here: the tokens that are more than a word or a
   * character.
   */
  private static @org.jspecify.annotations.Nullable String longToken(String text, int at) {
    char first = text.charAt(at);
    if (first != '<' && first != 'C' && first != 'T') {
      return null;
    }
    for (String token : DialectVocabulary.controlTokens()) {
      if (text.startsWith(token, at)) {
        return token;
      }
    }
    for (String token : DialectVocabulary.templateTokens()) {
      if (text.startsWith(token, at)) {
        return token;
      }
    }
    return null;
  }

  private static String word(String text, int from) {
    int to = from;
    while (to < text.length() && isLetter(text.charAt(to))) {
      to++;
    }
    boolean colon = to < text.length() && text.charAt(to) == ':';
    return text.substring(from, colon ? to + 1 : to);
  }

  private static boolean isLetter(int codePoint) {
    return (codePoint >= 'a' && codePoint <= 'z') || (codePoint >= 'A' && codePoint <= 'Z');
  }

  /** The text of some tokens. */
  public static String join(List<String> tokens) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < tokens.size(); i++) {
      if (i > 0 && !touches(tokens.get(i - 1), tokens.get(i))) {
        text.append(' ');
      }
      text.append(tokens.get(i));
    }
    return text.toString();
  }

  /** Whether two tokens stand side by side in a call, without a space. */
  private static boolean touches(String left, String right) {
    if (left.equals("<") && isLetter(right.charAt(0))) {
      return false; // "pad" is a name, and <pad> would be read as the control token
    }
    return isCallToken(left) && isCallToken(right) && (isPunctuation(left) || isPunctuation(right));
  }

  private static boolean isCallToken(String token) {
    return isPunctuation(token)
        || Names.contains(token)
        || (token.length() == 1 && Character.isDigit(token.charAt(0)));
  }

  private static boolean isPunctuation(String token) {
    return token.length() == 1 && "()[]{}<>,;|/.!".contains(token);
  }
}
