package dev.hindsight.transformer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer over a given list of words: the id of a word is its place in the list. Text is read
 * from the left, and at each place the longest word that fits is taken; white space that no word
 * takes separates and is dropped.
 *
 * <p>The first four words are the control tokens {@code <pad> <bos> <asst> <eos>}.
 */
public final class WordTokenizer implements Tokenizer {
  /** The control tokens, which are the ids 0 to 3. */
  public static final List<String> CONTROLS = List.of("<pad>", "<bos>", "<asst>", "<eos>");

  private final List<String> vocabulary;
  private final Map<String, Integer> ids = new HashMap<>();

  /** Lengths of words, longest first, for each first character: what can begin here. */
  private final Map<Character, int[]> lengths = new HashMap<>();

  /**
   * A tokenizer over {@code vocabulary}.
   *
   * @throws IllegalArgumentException when it does not begin with {@link #CONTROLS}, or holds an
   *     empty, blank or repeated word
   */
  public WordTokenizer(List<String> vocabulary) {
    this.vocabulary = List.copyOf(vocabulary);
    if (vocabulary.size() < CONTROLS.size()
        || !vocabulary.subList(0, CONTROLS.size()).equals(CONTROLS)) {
      throw new IllegalArgumentException(
          "word tokenizer: a vocabulary must begin with "
              + CONTROLS
              + ", this one begins with "
              + vocabulary.subList(0, Math.min(CONTROLS.size(), vocabulary.size())));
    }
    Map<Character, List<Integer>> starts = new HashMap<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      String word = vocabulary.get(id);
      if (word.isBlank()) {
        throw new IllegalArgumentException(
            "word tokenizer: word " + id + " is blank; every word needs a visible character");
      }
      Integer former = ids.put(word, id);
      if (former != null) {
        throw new IllegalArgumentException(
            "word tokenizer: '"
                + word
                + "' stands twice in the vocabulary, at "
                + former
                + " and "
                + id);
      }
      starts.computeIfAbsent(word.charAt(0), c -> new ArrayList<>()).add(word.length());
    }
    starts.forEach(
        (first, list) ->
            lengths.put(
                first,
                list.stream().distinct().sorted((a, b) -> b - a).mapToInt(i -> i).toArray()));
  }

  /** The words in the order of their ids. */
  public List<String> vocabulary() {
    return vocabulary;
  }

  @Override
  public int size() {
    return vocabulary.size();
  }

  @Override
  public int[] encode(String text) {
    return encode(text, false);
  }

  @Override
  public int[] encodeControl(String text) {
    return encode(text, true);
  }

  private int[] encode(String text, boolean controls) {
    int[] tokens = new int[text.length()];
    int count = 0;
    int at = 0;
    while (at < text.length()) {
      int id = longestAt(text, at, controls);
      if (id >= 0) {
        tokens[count++] = id;
        at += vocabulary.get(id).length();
      } else if (Character.isWhitespace(text.charAt(at))) {
        at++;
      } else {
        throw new IllegalArgumentException(
            "word tokenizer: no word of the vocabulary begins '"
                + text.substring(at, Math.min(text.length(), at + 20))
                + "' at character "
                + at
                + " of '"
                + (text.length() > 200 ? text.substring(0, 200) + "..." : text)
                + "'; its words stand in the model's tokenizer.json");
      }
    }
    return Arrays.copyOf(tokens, count);
  }

  private int longestAt(String text, int at, boolean controls) {
    int[] candidates = lengths.get(text.charAt(at));
    if (candidates != null) {
      for (int length : candidates) {
        if (at + length <= text.length()) {
          Integer id = ids.get(text.substring(at, at + length));
          if (id != null && (controls || !isControl(id))) {
            return id;
          }
        }
      }
    }
    return -1;
  }

  /**
   * The words one after another, with a space where two would read as something else without it:
   * letters or digits on both sides (two digits excepted, so that a number reads as one), or the
   * beginning of a longer word. {@link #encodeControl} gives the tokens back as long as no word of
   * the vocabulary is a run of several digits.
   */
  @Override
  public String decode(int... tokens) {
    StringBuilder text = new StringBuilder();
    String former = "";
    for (int id : tokens) {
      String word = token(id);
      if (!former.isEmpty() && (runsTogether(former, word) || beginsLonger(former, word))) {
        text.append(' ');
      }
      text.append(word);
      former = word;
    }
    return text.toString();
  }

  private static boolean runsTogether(String former, String word) {
    char before = former.charAt(former.length() - 1);
    char after = word.charAt(0);
    boolean number = Character.isDigit(before) && Character.isDigit(after);
    return Character.isLetterOrDigit(before) && Character.isLetterOrDigit(after) && !number;
  }

  /** Whether a word that is longer than {@code former} could be read at its place. */
  private boolean beginsLonger(String former, String word) {
    String joined = former + word;
    for (String other : vocabulary) {
      if (other.length() > former.length()
          && (other.startsWith(joined) || joined.startsWith(other))) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String token(int id) {
    if (id < 0 || id >= vocabulary.size()) {
      throw new IllegalArgumentException(
          "word tokenizer: token "
              + id
              + " does not exist, ids are 0 to "
              + (vocabulary.size() - 1));
    }
    return vocabulary.get(id);
  }

  @Override
  public int id(String token) {
    Integer id = ids.get(token);
    if (id == null) {
      throw new IllegalArgumentException(
          "word tokenizer: '" + token + "' is not among the " + size() + " words");
    }
    return id;
  }

  @Override
  public boolean isControl(int id) {
    return id < CONTROLS.size();
  }

  @Override
  public int pad() {
    return 0;
  }

  @Override
  public int bos() {
    return 1;
  }

  /** The token that ends the user's turn and opens the assistant's. */
  public int assistant() {
    return 2;
  }

  @Override
  public int eos() {
    return 3;
  }
}
