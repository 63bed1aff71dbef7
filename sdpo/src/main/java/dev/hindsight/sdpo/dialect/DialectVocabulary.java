package dev.hindsight.sdpo.dialect;

import dev.hindsight.sdpo.teacher.RepromptTemplate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The words that models of this environment read and write, in the order of their token ids:
 * control tokens, the three template strings as one token each, digits, the minus sign, names,
 * punctuation, the words of the feedback.
 *
 * <p>The order is part of every shipped model's format: append, never insert.
 */
public final class DialectVocabulary {
  public static final String PAD = "<pad>";
  public static final String BOS = "<bos>";
  public static final String ASST = "<asst>";
  public static final String EOS = "<eos>";

  private static final List<String> CONTROL = List.of(PAD, BOS, ASST, EOS);
  private static final List<String> TEMPLATE =
      List.of(
          RepromptTemplate.SOLUTION_HEADING,
          RepromptTemplate.FEEDBACK_HEADING,
          RepromptTemplate.CLOSING);
  private static final List<String> FEEDBACK_WORDS =
      List.of(
          "SyntaxError:",
          "NameError:",
          "ArgumentError:",
          "WrongAnswer:",
          "expected",
          "got",
          "unexpected",
          "name",
          "number",
          "end",
          "is",
          "not",
          "defined",
          "use",
          "gave",
          "error");

  private static final List<String> RESPONSE_TOKENS = responseTokens();
  private static final List<String> TOKENS =
      join(CONTROL, TEMPLATE, RESPONSE_TOKENS, List.of("-"), FEEDBACK_WORDS);
  private static final Map<String, Integer> IDS = ids();

  private DialectVocabulary() {}

  /** All tokens; a token's id is its index. The first four are the control tokens. */
  public static List<String> tokens() {
    return TOKENS;
  }

  public static List<String> controlTokens() {
    return CONTROL;
  }

  /** The template strings: solution heading, feedback heading, closing instruction. */
  public static List<String> templateTokens() {
    return TEMPLATE;
  }

  /** What calls are made of: digits 0 to 9, names, brackets, separators, terminators. */
  public static List<String> callTokens() {
    return RESPONSE_TOKENS;
  }

  public static boolean contains(String token) {
    return IDS.containsKey(token);
  }

  /** The id of a token. */
  public static int id(String token) {
    Integer id = IDS.get(token);
    if (id == null) {
      throw new IllegalArgumentException(
          "token '"
              + token
              + "' is not among the "
              + TOKENS.size()
              + " of the dialect environment");
    }
    return id;
  }

  public static int[] ids(List<String> tokens) {
    int[] ids = new int[tokens.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = id(tokens.get(i));
    }
    return ids;
  }

  /**
   * Whether a token means something outside texts only: feedback never repeats it, so that no text
   * can forge it.
   */
  static boolean isPrintable(String token) {
    return contains(token) && !CONTROL.contains(token) && !TEMPLATE.contains(token);
  }

  private static List<String> responseTokens() {
    List<String> tokens = new ArrayList<>();
    for (int digit = 0; digit <= 9; digit++) {
      tokens.add(Integer.toString(digit));
    }
    tokens.addAll(Names.all());
    for (Bracket bracket : Bracket.values()) {
      tokens.add(bracket.open());
      tokens.add(bracket.close());
    }
    for (Separator separator : Separator.values()) {
      tokens.add(separator.symbol());
    }
    for (Terminator terminator : Terminator.values()) {
      if (terminator != Terminator.NONE) {
        tokens.add(terminator.symbol());
      }
    }
    return List.copyOf(tokens);
  }

  @SafeVarargs
  private static List<String> join(List<String>... parts) {
    List<String> all = new ArrayList<>();
    for (List<String> part : parts) {
      all.addAll(part);
    }
    return List.copyOf(all);
  }

  private static Map<String, Integer> ids() {
    Map<String, Integer> ids = new HashMap<>();
    for (String token : TOKENS) {
      if (ids.put(token, ids.size()) != null) {
        throw new IllegalStateException("token '" + token + "' occurs twice in the vocabulary");
      }
    }
    return Map.copyOf(ids);
  }
}
