package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.choice.ChoiceEnvironment;
import dev.hindsight.sdpo.choice.ChoiceFilter;
import java.util.List;
import java.util.Objects;

/**
 * {@code kind: choice}: multiple-choice questions in SciKnowEval's format, without feedback.
 *
 * @param data a file of JSON lines, or {@code sample}: the 24 small questions that come with
 *     Hindsight; left out: sample
 * @param domains Biology, Chemistry, Material, Physics; left out or empty: all. The paper trains on
 *     one at a time
 * @param levels left out: L3, the paper's; empty: all
 * @param types left out: mcq-4-choices and mcq-2-choices, the paper's; empty: all
 * @param testFraction the share of the questions that is held out, rounded up; left out: 0.1, the
 *     paper's
 * @param splitSeed decides which questions are held out; left out: 42
 * @param skipWrongRows whether rows that cannot be used are left out, rather than an error; left
 *     out: false
 * @param maxResponseTokens the longest response; left out: 8192, as in the paper
 */
public record ChoiceEnvironmentConfig(
    String data,
    List<String> domains,
    List<String> levels,
    List<String> types,
    Double testFraction,
    Long splitSeed,
    Boolean skipWrongRows,
    Integer maxResponseTokens)
    implements EnvironmentConfig {

  public ChoiceEnvironmentConfig {
    data = DataConfig.data(data);
    domains = List.copyOf(Objects.requireNonNullElse(domains, ChoiceFilter.PAPER.domains()));
    levels = List.copyOf(Objects.requireNonNullElse(levels, ChoiceFilter.PAPER.levels()));
    types = List.copyOf(Objects.requireNonNullElse(types, ChoiceFilter.PAPER.types()));
    testFraction = DataConfig.testFraction(testFraction);
    splitSeed = Objects.requireNonNullElse(splitSeed, 42L);
    skipWrongRows = Objects.requireNonNullElse(skipWrongRows, false);
    maxResponseTokens =
        DataConfig.maxResponseTokens(maxResponseTokens, ChoiceEnvironment.MAX_RESPONSE_TOKENS);
  }

  ChoiceFilter filter() {
    return new ChoiceFilter(domains, levels, types);
  }
}
