package dev.hindsight.cli.experiment;

import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.DidYouMean;
import dev.hindsight.sdpo.trainer.TestTimeSearch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A claim as an experiment: arms that differ in what the claim is about, a metric, how learning
 * rates are tuned, and what is expected.
 *
 * @param title a line for lists
 * @param claim what the paper says, or what is asked
 * @param source where: a section, a figure, a table
 * @param metric that decides
 * @param also further columns of the table
 * @param set keys of the training configuration that all arms share
 * @param bases base models that are pretrained for this experiment, by name
 * @param arms by name, in the order of the table
 * @param tuning how each arm's settings are chosen before the reported runs; null: not at all
 * @param expect what the verdict looks at
 * @param correlate whether something measured before training predicts who wins; null: not asked
 * @param search null for an experiment of training runs
 * @param lengths null for an experiment that is not about cost
 */
public record Definition(
    String title,
    String claim,
    String source,
    Metric metric,
    List<Metric> also,
    Map<String, JsonNode> set,
    Map<String, Base> bases,
    Map<String, Arm> arms,
    @Nullable Tuning tuning,
    List<Expectation> expect,
    @Nullable Correlation correlate,
    @Nullable Search search,
    @Nullable Lengths lengths) {

  /**
   * One side of the comparison.
   *
   * @param label the name for people; left out: the arm's own
   * @param base one of {@code bases}; null: the configuration's model
   * @param set keys that make this arm
   * @param tunedAs another arm whose tuned settings this one takes; null: its own
   * @param way of an experiment that searches: how this arm does
   * @param window of the multi-turn way; null: 10
   */
  public record Arm(
      @Nullable String label,
      @Nullable String base,
      Map<String, JsonNode> set,
      @Nullable String tunedAs,
      TestTimeSearch.@Nullable Way way,
      @Nullable Integer window) {
    public Arm {
      set = ordered(set);
    }
  }

  /**
   * Makes an experiment one of searches for right answers, in place of training runs.
   *
   * @param questions held-out questions that are asked
   * @param attempts most of them at a question
   */
  public record Search(int questions, long attempts) {
    public Search {
      require(questions > 0, "search.questions", questions, "at least 1");
      require(attempts > 0, "search.attempts", attempts, "at least 1");
    }
  }

  /**
   * Makes an experiment one of cost: runs of a few steps on questions of these lengths, in turns,
   * one at a time.
   *
   * @param prompt tokens of the student's prompt
   * @param response tokens of every answer
   * @param reprompt tokens of the self-teacher's prompt
   */
  public record Lengths(int prompt, int response, int reprompt) {
    public Lengths {
      require(prompt > 2, "lengths.prompt", prompt, "3 or more");
      require(response > 0, "lengths.response", response, "at least 1");
      require(
          reprompt > prompt + 2, "lengths.reprompt", reprompt, "at least 3 more than the prompt");
    }
  }

  /**
   * A base model of the experiment's own.
   *
   * @param config a configuration for {@code pretrain}
   * @param set keys changed in it
   */
  public record Base(String config, Map<String, JsonNode> set) {
    public Base {
      require(config != null, "config", "nothing", "a pretraining configuration");
      set = ordered(set);
    }
  }

  /**
   * The stage before: every combination for every arm, the best by {@code metric} is reported with
   * other seeds.
   *
   * @param grid values by dotted key, the same for every arm
   * @param seeds of the stage; none of them is reported
   * @param metric null: the experiment's
   */
  public record Tuning(
      Map<String, List<JsonNode>> grid, List<Long> seeds, @Nullable Metric metric) {
    public Tuning {
      require(grid != null && !grid.isEmpty(), "grid", "nothing", "keys with lists of values");
      grid = Collections.unmodifiableMap(new LinkedHashMap<>(grid));
      Seeds.check(seeds, "tuning.seeds");
      seeds = List.copyOf(seeds);
    }
  }

  /**
   * Something that the numbers can confirm or refute. Exactly one of the four is given.
   *
   * @param order arms from the best to the worst by the metric
   * @param alike arms whose bands overlap, all with all
   * @param ratio two arms, of whose means the first is at most {@code atMost} times the second
   * @param stays an arm that stays at or below {@code atMost} (a control)
   * @param atMost a limit
   * @param metric null: the experiment's
   */
  public record Expectation(
      @Nullable List<String> order,
      @Nullable List<String> alike,
      @Nullable List<String> ratio,
      @Nullable String stays,
      @Nullable Double atMost,
      @Nullable Metric metric) {
    public Expectation {
      long given = Stream.of(order, alike, ratio, stays).filter(Objects::nonNull).count();
      require(given == 1, "expect", given + " of them", "one of order, alike, ratio, stays");
      require(
          order == null || (order.size() > 1 && Set.copyOf(order).size() == order.size()),
          "expect.order",
          order,
          "two different arms or more");
      require(alike == null || alike.size() > 1, "expect.alike", alike, "two arms or more");
      require(ratio == null || ratio.size() == 2, "expect.ratio", ratio, "two arms");
      boolean limited = ratio != null || stays != null;
      require(
          limited == (atMost != null), "expect.at_most", atMost, "a limit with ratio and stays");
    }

    /** The arms it speaks of. */
    List<String> arms() {
      return order != null
          ? order
          : alike != null ? alike : ratio != null ? ratio : List.of(Objects.requireNonNull(stays));
    }
  }

  /**
   * Whether something measured before training predicts the gain of one arm over another.
   *
   * @param by metrics of the first arm of each pair
   * @param pairs of arms: the gain is that of the first over the second
   */
  public record Correlation(List<Metric> by, List<List<String>> pairs) {
    public Correlation {
      require(by != null && !by.isEmpty(), "correlate.by", by, "a list of metrics");
      require(
          pairs != null && pairs.size() > 2 && pairs.stream().allMatch(p -> p.size() == 2),
          "correlate.pairs",
          pairs,
          "three pairs of arms or more");
    }
  }

  public Definition {
    require(title != null && !title.isBlank(), "title", title, "a line of text");
    require(metric != null, "metric", "nothing", "a metric, such as generations-to-half");
    claim = Objects.requireNonNullElse(claim, "");
    source = Objects.requireNonNullElse(source, "");
    also = also == null ? List.of() : List.copyOf(also);
    expect = expect == null ? List.of() : List.copyOf(expect);
    set = ordered(set);
    bases = ordered(bases);
    arms = ordered(arms);
    Collection<String> names = arms.keySet();
    for (Map.Entry<String, Arm> arm : arms.entrySet()) {
      require(
          arm.getKey().matches("[A-Za-z0-9_.-]+"),
          "arms",
          "the name '" + arm.getKey() + "'",
          "letters, digits, - _ .");
      known(bases.keySet(), arm.getValue().base(), "arms." + arm.getKey() + ".base");
      String model = arm.getValue().tunedAs();
      known(names, model, "arms." + arm.getKey() + ".tuned_as");
      require(
          model == null || Objects.requireNonNull(arms.get(model)).tunedAs() == null,
          "arms." + arm.getKey() + ".tuned_as",
          "'" + model + "'",
          "an arm that is tuned itself");
      seedless(arm.getValue().set(), "arms." + arm.getKey() + ".set");
      require(
          (arm.getValue().way() != null) == (search != null),
          "arms." + arm.getKey() + ".way",
          arm.getValue().way(),
          search == null ? "none without a search section" : "a way, such as best-of-k");
    }
    seedless(set, "set");
    require(
        lengths != null
            || !metrics(metric, also, expect, correlate).contains(Metric.SECONDS_PER_STEP),
        "metric",
        Metric.SECONDS_PER_STEP.key(),
        "another one without a lengths section, which makes an experiment one of cost");
    require(
        (metric == Metric.ATTEMPTS) == (search != null),
        "metric",
        metric.key(),
        search == null ? "attempts only with a search section" : "attempts with a search section");
    require(
        search == null || (tuning == null && also.isEmpty() && bases.isEmpty()),
        "search",
        "a search",
        "no tuning, also and bases beside it: settings that compete are arms of their own");
    for (Expectation e : expect) {
      e.arms().forEach(name -> known(names, name, "expect"));
    }
    if (correlate != null) {
      correlate.pairs().forEach(p -> p.forEach(name -> known(names, name, "correlate.pairs")));
    }
  }

  /**
   * Reads a definition.
   *
   * @throws dev.hindsight.sdpo.config.ConfigException when it is none
   */
  public static Definition read(Path file, List<String> overrides) {
    Definition defaults =
        new Definition(
            "an experiment",
            "",
            "",
            Metric.GENERATIONS_TO_HALF,
            List.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            null,
            List.of(),
            null,
            null,
            null);
    return Configs.read(file, defaults, overrides);
  }

  /** The name for people of an arm. */
  public String label(String arm) {
    Arm of = arms.get(arm);
    return of == null || of.label() == null ? arm : of.label();
  }

  /** The metrics of the table, the deciding one first. */
  public List<Metric> metrics() {
    return metrics(metric, also, expect, correlate);
  }

  private static List<Metric> metrics(
      Metric metric, List<Metric> also, List<Expectation> expect, @Nullable Correlation correlate) {
    List<Metric> all = new ArrayList<>(List.of(metric));
    all.addAll(also);
    for (Expectation e : expect) {
      if (e.metric() != null) {
        all.add(e.metric());
      }
    }
    if (correlate != null) {
      all.addAll(correlate.by());
    }
    return all.stream().distinct().toList();
  }

  private static void known(Collection<String> names, @Nullable String name, String key) {
    require(
        name == null || names.contains(name),
        key,
        "'" + name + "'",
        names.isEmpty()
            ? "a name that is defined above, where there is none"
            : "one of "
                + String.join(", ", names)
                + (name == null ? "" : DidYouMean.hint(name, names)));
  }

  private static void seedless(Map<String, JsonNode> set, String key) {
    require(
        !set.containsKey("seed"), key + ".seed", set.get("seed"), "none: --seeds N takes 0 to N-1");
  }

  private static <V> Map<String, V> ordered(@Nullable Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map == null ? Map.of() : map));
  }

  private static void require(boolean holds, String key, @Nullable Object given, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(key + ": got " + given + ", expected " + expected);
    }
  }
}
