package dev.hindsight.sdpo.code;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the program in a response. */
final class CodeBlock {
  /** An info string of other than word characters, as in {@code c++}, makes it no block of ours. */
  private static final Pattern FENCED = Pattern.compile("```\\w*\\r?\\n(.*?)```", Pattern.DOTALL);

  private CodeBlock() {}

  /** The longest fenced block; the first of several that are as long. */
  static Optional<String> longest(String response) {
    String longest = null;
    Matcher blocks = FENCED.matcher(response);
    while (blocks.find()) {
      String block = blocks.group(1);
      if (longest == null || block.length() > longest.length()) {
        longest = block;
      }
    }
    return Optional.ofNullable(longest).filter(code -> !code.isBlank());
  }
}
