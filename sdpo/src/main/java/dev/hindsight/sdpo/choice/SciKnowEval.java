package dev.hindsight.sdpo.choice;

import dev.hindsight.sdpo.choice.ChoiceQuestion.Option;
import dev.hindsight.sdpo.data.JsonRow;
import dev.hindsight.sdpo.data.JsonRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads multiple-choice questions in the format that SciKnowEval publishes: JSON lines (or one JSON
 * list) with {@code question}, {@code choices} ({@code text} and {@code label}, two lists of one
 * length), {@code answerKey}, {@code type}, {@code domain} and {@code details.level}. Other fields
 * are left alone.
 */
public final class SciKnowEval {
  private SciKnowEval() {}

  /**
   * The questions of a file that pass a filter.
   *
   * @param skipWrongRows whether rows that pass and cannot be used are left out and listed, rather
   *     than an error
   * @throws IOException when the file cannot be read
   * @throws IllegalArgumentException when rows are wrong, or none passes
   */
  public static JsonRows.Items<ChoiceQuestion> read(
      Path file, ChoiceFilter filter, boolean skipWrongRows) throws IOException {
    Map<String, Integer> there = new TreeMap<>();
    return checked(
        JsonRows.read(file, skipWrongRows, visitor(filter, there)), file.toString(), there);
  }

  /** The same for a text; {@code source} names it in errors. */
  public static JsonRows.Items<ChoiceQuestion> parse(
      String text, String source, ChoiceFilter filter, boolean skipWrongRows) {
    Map<String, Integer> there = new TreeMap<>();
    return checked(
        JsonRows.parse(text, source, skipWrongRows, visitor(filter, there)), source, there);
  }

  /** The 24 small questions that come with Hindsight, of all domains. */
  public static JsonRows.Items<ChoiceQuestion> sample(ChoiceFilter filter) {
    return parse(JsonRows.bundled(SciKnowEval.class, "sample.jsonl"), "sample", filter, false);
  }

  private static JsonRows.Visitor<ChoiceQuestion> visitor(
      ChoiceFilter filter, Map<String, Integer> there) {
    return (row, attempts) -> {
      String domain = row.text("domain");
      String level = row.object("details").text("level");
      String type = row.text("type");
      there.merge(domain + " " + level + " " + type, 1, Integer::sum);
      if (filter.takes(domain, level, type)) {
        attempts.add(SciKnowEval::question, row);
      }
    };
  }

  private static JsonRows.Items<ChoiceQuestion> checked(
      JsonRows.Items<ChoiceQuestion> read, String source, Map<String, Integer> there) {
    if (read.items().isEmpty()) {
      throw new IllegalArgumentException(
          source
              + ": no question passes environment.domains, levels and types; the file has "
              + (there.isEmpty() ? "no rows" : there));
    }
    return read;
  }

  private static ChoiceQuestion question(JsonRow row) {
    JsonRow choices = row.object("choices");
    List<String> texts = choices.texts("text");
    List<String> labels = choices.texts("label");
    if (texts.size() != labels.size()) {
      throw choices.wrong(
          "text has "
              + texts.size()
              + " options and label "
              + labels.size()
              + " labels, expected one label an option");
    }
    List<Option> options = new ArrayList<>();
    for (int i = 0; i < labels.size(); i++) {
      options.add(new Option(labels.get(i), texts.get(i)));
    }
    String line = row.place().substring(row.place().lastIndexOf(':') + 1);
    try {
      return new ChoiceQuestion(
          "line-" + line, row.text("question"), options, row.text("answerKey"));
    } catch (IllegalArgumentException e) {
      throw String.valueOf(e.getMessage()).startsWith(row.place())
          ? e
          : row.wrong(String.valueOf(e.getMessage()));
    }
  }
}
