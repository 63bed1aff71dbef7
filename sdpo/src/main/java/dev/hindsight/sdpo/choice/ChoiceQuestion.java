package dev.hindsight.sdpo.choice;

import java.util.List;

/**
 * A multiple-choice question.
 *
 * @param id its line in the data
 * @param question what is asked
 * @param options two or more, with different labels
 * @param answer the label of the right option
 */
public record ChoiceQuestion(String id, String question, List<Option> options, String answer) {

  /**
   * One of the options.
   *
   * @param label such as {@code A}
   * @param text what it says
   */
  public record Option(String label, String text) {}

  public ChoiceQuestion {
    options = List.copyOf(options);
    List<String> labels = options.stream().map(Option::label).toList();
    if (labels.size() < 2 || labels.stream().distinct().count() < labels.size()) {
      throw new IllegalArgumentException(
          "labels of the options are " + labels + ", expected two or more different ones");
    }
    if (!labels.contains(answer)) {
      throw new IllegalArgumentException(
          "the answer is '" + answer + "', expected one of the options' labels " + labels);
    }
  }
}
