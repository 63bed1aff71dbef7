package dev.hindsight.sdpo.data;

import dev.hindsight.engine.Philox;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Training and test questions that have nothing in common.
 *
 * @param train in the order of the data
 * @param test in the order of the data
 */
public record Split<T>(List<T> train, List<T> test) {
  private static final long STREAM = 0x7465_7374_7370_6C74L;

  public Split {
    train = List.copyOf(train);
    test = List.copyOf(test);
  }

  /**
   * Splits at random: {@code fraction} of the items, rounded up, go to the test. Items with equal
   * keys stay together, so the test can be larger by their number.
   *
   * @param key what makes two items the same question
   * @param fraction in (0, 1)
   * @param seed decides the split, together with the number of different keys
   * @throws IllegalArgumentException when there are fewer than two different items
   */
  public static <T> Split<T> random(
      List<T> items, Function<T, String> key, double fraction, long seed) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    items.forEach(item -> counts.merge(key.apply(item), 1, Integer::sum));
    List<String> keys = List.copyOf(counts.keySet());
    if (keys.size() < 2) {
      throw new IllegalArgumentException(
          "splitting questions: "
              + keys.size()
              + " different ones, expected at least 2, one to train and one to test with; give a file"
              + " with more, or one to test with: environment.data, environment.test_data");
    }
    if (!(fraction > 0 && fraction < 1)) {
      throw new IllegalArgumentException(
          "splitting questions: test_fraction is " + fraction + ", expected between 0 and 1");
    }
    // in decimals: a tenth of 2100 is 210, not a little more
    int wanted =
        BigDecimal.valueOf(fraction)
            .multiply(BigDecimal.valueOf(items.size()))
            .setScale(0, RoundingMode.CEILING)
            .intValueExact();
    int[] order = new Philox(seed, STREAM).permutation(keys.size());
    Set<String> held = new HashSet<>();
    int count = 0;
    for (int i = 0; i < keys.size() - 1 && count < wanted; i++) {
      String next = keys.get(order[i]);
      held.add(next);
      count += counts.get(next);
    }
    List<T> train = new ArrayList<>();
    List<T> test = new ArrayList<>();
    items.forEach(item -> (held.contains(key.apply(item)) ? test : train).add(item));
    return new Split<>(train, test);
  }

  /**
   * Two given sets.
   *
   * @throws IllegalArgumentException when a question stands in both
   */
  public static <T> Split<T> given(List<T> train, List<T> test, Function<T, String> key) {
    Set<String> known = new HashSet<>();
    train.forEach(item -> known.add(key.apply(item)));
    List<String> both = test.stream().map(key).filter(known::contains).distinct().toList();
    if (!both.isEmpty()) {
      throw new IllegalArgumentException(
          "test data: "
              + both.size()
              + " of its questions are training questions, too, such as '"
              + JsonRow.excerpt(both.getFirst().strip())
              + "'; a test needs questions of its own");
    }
    return new Split<>(train, test);
  }
}
