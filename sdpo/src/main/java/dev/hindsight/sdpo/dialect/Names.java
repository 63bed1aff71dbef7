package dev.hindsight.sdpo.dialect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The 72 words that a dialect may call its operations: each operation has six private ones, ranked
 * from likely to unlikely, of which rank 0 is its own word and the others are nonsense.
 */
public final class Names {
  /** How many names an operation can have. */
  public static final int RANKS = 6;

  private static final int NONSENSE_RANKS = RANKS - 1;
  private static final String CONSONANTS = "bdfgklmnprstvz";
  private static final String VOWELS = "aeiou";

  /** Words of the feedback that look like names and must not be one. */
  private static final Set<String> RESERVED = Set.of("got", "use", "end");

  private static final List<String> NONSENSE = nonsense();
  private static final List<String> ALL =
      Stream.concat(Arrays.stream(Operation.values()).map(Operation::word), NONSENSE.stream())
          .toList();
  private static final Set<String> SET = Set.copyOf(ALL);

  private Names() {}

  /** The private name of an operation at a rank, 0 to 5. */
  public static String of(Operation operation, int rank) {
    return rank == 0
        ? operation.word()
        : NONSENSE.get(NONSENSE_RANKS * operation.ordinal() + rank - 1);
  }

  /** All 72: the operations' own words, then the 60 nonsense words in order. */
  public static List<String> all() {
    return ALL;
  }

  /** Whether a token is one of the 72. */
  public static boolean contains(String token) {
    return SET.contains(token);
  }

  private static List<String> nonsense() {
    int wanted = NONSENSE_RANKS * Operation.values().length;
    Set<String> taken = new HashSet<>(RESERVED);
    for (Operation operation : Operation.values()) {
      taken.add(operation.word());
    }
    List<String> words = new ArrayList<>(wanted);
    for (int k = 0; words.size() < wanted; k++) {
      String word =
          ""
              + CONSONANTS.charAt(k % CONSONANTS.length())
              + VOWELS.charAt(k / 3 % VOWELS.length())
              + CONSONANTS.charAt((5 * k + 3) % CONSONANTS.length());
      if (taken.add(word)) {
        words.add(word);
      }
    }
    return List.copyOf(words);
  }
}
