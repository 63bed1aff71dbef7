package dev.hindsight.cli.inspect;

import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.SampleRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The samples of a run, {@code samples.jsonl}, and choices among them. */
public final class Samples {
  /** Without these there is nothing to show. */
  private static final List<String> KEYS =
      List.of(
          "step",
          "question_id",
          "question",
          "response",
          "tokens",
          "feedback",
          "teacher_prompt",
          "student_log_probs");

  /** So many questions an error names. */
  private static final int NAMED = 8;

  /**
   * A sample.
   *
   * @param number within its step, from 1
   */
  public record Entry(int number, SampleRecord sample) {}

  private final Path run;
  private final List<Entry> entries;

  private Samples(Path run, List<Entry> entries) {
    this.run = run;
    this.entries = entries;
  }

  /**
   * Reads those of a run's folder, also while the run is going on.
   *
   * @throws IOException when it is none, or has no sample
   */
  public static Samples read(Path run) throws IOException {
    if (!Files.isDirectory(run)) {
      throw new IOException(run + ": no such folder; give one that `train` wrote");
    }
    Path file = run.resolve("samples.jsonl");
    if (!RunRecord.isRun(run)) {
      List<Path> inside = runsIn(run);
      if (!inside.isEmpty()) {
        throw new IOException(
            run
                + " holds several runs; give one of them: "
                + inside.stream().map(Path::toString).collect(Collectors.joining(", ")));
      }
      RunRecord.read(run); // says what is missing
    }
    List<Entry> entries = new ArrayList<>();
    TreeMap<Integer, Integer> inStep = new TreeMap<>();
    for (JsonNode line : Files.isRegularFile(file) ? RunRecord.lines(file) : List.<JsonNode>of()) {
      SampleRecord sample = parse(file, line);
      entries.add(new Entry(inStep.merge(sample.step(), 1, Integer::sum), sample));
    }
    if (entries.isEmpty()) {
      throw new IOException(
          run
              + " has no samples: no step is done yet, or record.samples_per_step was 0; train with"
              + " --set record.samples_per_step=4");
    }
    return new Samples(run, entries);
  }

  private static SampleRecord parse(Path file, JsonNode line) throws IOException {
    try {
      if (!KEYS.stream().allMatch(line::hasNonNull)) {
        throw new IllegalArgumentException("expected " + KEYS + ", got " + line);
      }
      SampleRecord sample = Json.parse(line.toString(), SampleRecord.class);
      if (!isWhole(sample)) {
        throw new IllegalArgumentException("expected one number a token");
      }
      return sample;
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file
              + ": the sample of step "
              + line.path("step").asString("?")
              + " is damaged, or of another version of Hindsight; look at it with the version that made"
              + " it, or train again",
          e);
    }
  }

  private static boolean isWhole(SampleRecord s) {
    int tokens = s.tokens().size();
    return s.studentLogProbs().length == tokens
        && (s.teacherLogProbs() == null || s.teacherLogProbs().length == tokens)
        && (s.logRatio() == null || s.logRatio().length == tokens)
        && isWhole(s.studentTop(), tokens)
        && isWhole(s.teacherTop(), tokens);
  }

  private static boolean isWhole(SampleRecord.@Nullable Top top, int tokens) {
    return top == null || (top.tokens().size() == tokens && top.logProbs().size() == tokens);
  }

  private static List<Path> runsIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(RunRecord::isRun).sorted().toList();
    }
  }

  /** All of them, as they were recorded. */
  public List<Entry> all() {
    return entries;
  }

  /** Whether a self-teacher read them. */
  public boolean taught() {
    return entries.stream().anyMatch(e -> e.sample().logRatio() != null);
  }

  /**
   * Those of a step.
   *
   * @throws IOException when there are none; the message names the steps that have some
   */
  public Samples ofStep(int step) throws IOException {
    return only(
        e -> e.sample().step() == step,
        "--step " + step + ": " + run + " has samples of " + steps());
  }

  /**
   * Those that answer a question.
   *
   * @throws IOException when there are none; the message names questions that were asked
   */
  public Samples ofQuestion(String id) throws IOException {
    List<String> ids =
        entries.stream().map(e -> "'" + e.sample().questionId() + "'").distinct().toList();
    String more = ids.size() > NAMED ? " and " + (ids.size() - NAMED) + " more" : "";
    return only(
        e -> e.sample().questionId().equals(id),
        "--question '"
            + id
            + "': no sample answers it; there are answers to "
            + String.join(", ", ids.subList(0, Math.min(NAMED, ids.size())))
            + more
            + "; --list shows all");
  }

  private Samples only(Predicate<Entry> wanted, String message) throws IOException {
    List<Entry> found = entries.stream().filter(wanted).toList();
    if (found.isEmpty()) {
      throw new IOException(message);
    }
    return new Samples(run, found);
  }

  /**
   * The one with a number in its step, where all are of one step.
   *
   * @throws IOException when there is none; the message says which there are
   */
  public Entry number(int number) throws IOException {
    if (number < 1 || number > entries.size()) {
      throw new IOException(
          "--sample "
              + number
              + ": step "
              + entries.getFirst().sample().step()
              + " has samples "
              + (entries.size() == 1 ? "1 only" : "1 to " + entries.size()));
    }
    return entries.get(number - 1);
  }

  /**
   * The one on which student and teacher disagree most, by the mean of |log q - log p|; of a run
   * without a teacher the one with the lowest reward. Of equals the first.
   */
  public Entry worst() {
    Comparator<Entry> order =
        taught()
            ? Comparator.comparingDouble(e -> -disagreement(e.sample()))
            : Comparator.comparingDouble(e -> e.sample().reward());
    return entries.stream().min(order).orElseThrow();
  }

  /** Mean of |log q - log p| over the tokens, nats; 0 without a teacher. */
  static double disagreement(SampleRecord sample) {
    float @Nullable [] ratios = sample.logRatio();
    double sum = 0;
    for (int t = 0; ratios != null && t < ratios.length; t++) {
      sum += Math.abs(ratios[t]);
    }
    return ratios == null || ratios.length == 0 ? 0 : sum / ratios.length;
  }

  /** The steps that have samples: {@code steps 1 to 6}, {@code steps 1, 3 to 6}. */
  public String steps() {
    TreeSet<Integer> steps =
        entries.stream().map(e -> e.sample().step()).collect(Collectors.toCollection(TreeSet::new));
    List<String> ranges = new ArrayList<>();
    Integer from = steps.first();
    while (from != null) {
      int to = from;
      while (steps.contains(to + 1)) {
        to++;
      }
      ranges.add(from == to ? "" + from : from + (to == from + 1 ? ", " : " to ") + to);
      from = steps.higher(to);
    }
    return (steps.size() == 1 ? "step " : "steps ") + String.join(", ", ranges);
  }
}
