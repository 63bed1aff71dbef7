package dev.hindsight.sdpo.choice;

import java.util.List;

/**
 * Which rows of SciKnowEval are asked. An empty list lets everything through.
 *
 * @param domains such as {@code Chemistry}
 * @param levels such as {@code L3}
 * @param types such as {@code mcq-4-choices}
 */
public record ChoiceFilter(List<String> domains, List<String> levels, List<String> types) {
  /** The paper's: level 3, four options or two, all domains. */
  public static final ChoiceFilter PAPER =
      new ChoiceFilter(List.of(), List.of("L3"), List.of("mcq-4-choices", "mcq-2-choices"));

  public ChoiceFilter {
    domains = List.copyOf(domains);
    levels = List.copyOf(levels);
    types = List.copyOf(types);
  }

  /** Whether a row is asked. */
  public boolean takes(String domain, String level, String type) {
    return has(domains, domain) && has(levels, level) && has(types, type);
  }

  private static boolean has(List<String> wanted, String value) {
    return wanted.isEmpty() || wanted.contains(value);
  }
}
