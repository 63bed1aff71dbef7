package dev.hindsight.sdpo.trainer;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.evaluation.Discovery;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.teacher.DemonstrationOptions;
import dev.hindsight.sdpo.teacher.DemonstrationSelector;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.SamplingOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Looks for a right answer to one hard question (section 5 of arXiv 2601.20802): by distilling the
 * feedback of failed attempts into the weights, by sampling again and again, or by collecting
 * feedback in the prompt. The policy that it is given stays as it is.
 *
 * <p>Every random number is keyed by seed, question and attempt, so a search repeats to the bit.
 */
public final class TestTimeSearch {
  private static final long STREAM = 0x6469_7363_6F76_6572L;

  /** How to look. */
  public enum Way {
    /**
     * Test-time self-distillation: {@code rollout.n} attempts, and if none is right one update of
     * SDPO on their feedback. Nothing is kept in the prompt; what is known lies in the weights.
     */
    SELF_DISTILLATION,
    /** Independent attempts of the policy as it came, to the budget's end: for pass@k. */
    BEST_OF_K,
    /** One attempt a turn, after the feedback of the turns before; attempts are not quoted. */
    MULTI_TURN
  }

  /**
   * What a search found.
   *
   * @param question that was asked
   * @param first number of the first right attempt, from 1; {@link Discovery#NEVER} for none
   * @param attempts that were made
   * @param right of them; a search other than best-of-k ends with its first
   */
  public record Found(String question, long first, long attempts, long right) {}

  private final TrainConfig config;
  private final Environment environment;
  private final ModelFolder model;
  private final int longestResponse;
  private final TeacherPrompts prompts;
  private final SamplingOptions sampling;

  /**
   * @param config of the SDPO update: everything but {@code steps}, {@code train_batch_size} and
   *     what is evaluated and recorded
   * @param model whose policy is asked
   */
  public TestTimeSearch(TrainConfig config, Environment environment, ModelFolder model) {
    ConfigCheck.require(
        config.method() == TrainConfig.Method.SDPO, "method", config.method(), "sdpo");
    this.config = config;
    this.environment = environment;
    this.model = model;
    Integer asked = config.rollout().responseLength();
    this.longestResponse = asked == null ? environment.maxResponseTokens() : asked;
    SelfDistillationConfig d = config.selfDistillation();
    int room = model.decoder().config().maxPositions() - longestResponse + 1;
    ConfigCheck.require(
        room > 1,
        "rollout.response_length",
        longestResponse,
        "less than the model's context of " + model.decoder().config().maxPositions() + " tokens");
    this.prompts =
        new TeacherPrompts(
            d.template(),
            new PromptEncoder(environment.renderer(), model.tokenizer()),
            d.maxRepromptLen() == null ? room : Math.min(d.maxRepromptLen(), room),
            d.repromptTruncation());
    this.sampling = config.rollout().sampling(longestResponse, model.tokenizer().eos());
  }

  /**
   * Looks for an answer.
   *
   * @param budget most attempts
   * @param window of multi-turn: pieces of feedback in the prompt, the oldest dropped first; fewer
   *     where the context is too short
   * @param stop asked between updates; a search that is stopped has found nothing yet
   */
  public Optional<Found> search(
      Way way, Question question, long budget, int window, BooleanSupplier stop) {
    ConfigCheck.require(budget > 0, "attempts", budget, "at least 1");
    ConfigCheck.require(window > 0, "window", window, "at least 1");
    Philox random = new Philox(config.seed(), STREAM).split(question.id());
    return switch (way) {
      case SELF_DISTILLATION -> distil(question, budget, random, stop);
      case BEST_OF_K -> sample(question, budget, random, stop);
      case MULTI_TURN -> converse(question, budget, window, random, stop);
    };
  }

  private Optional<Found> distil(
      Question question, long budget, Philox random, BooleanSupplier stop) {
    Decoder policy = model.decoder().copy();
    SelfDistillationConfig d = config.selfDistillation();
    SelfTeacher teacher = new SelfTeacher(d.teacherRegularization(), d.teacherUpdateRate(), policy);
    // no solution is ever shown: the search ends with the first
    DemonstrationOptions options =
        new DemonstrationOptions(d.successRewardThreshold(), true, true, true, false, false);
    SampleBuilder builder =
        new SampleBuilder(config, prompts, new DemonstrationSelector(options), null);
    try (RolloutSampler sampler =
            new RolloutSampler(policy, model.tokenizer(), environment, prompts);
        PolicyUpdate update = new PolicyUpdate(config, policy, teacher, longestResponse)) {
      int n = config.rollout().n();
      for (long done = 0; done < budget && !stop.getAsBoolean(); done += n) {
        Philox now = random.split(done);
        List<Rollout> attempts = sampler.sample(List.of(question), n, sampling, now);
        long first = firstRight(attempts, done);
        if (first <= budget) {
          return Optional.of(new Found(question.id(), first, first, 1));
        }
        if (done + n < budget) {
          update.update(builder.build(attempts, sampling, now).samples());
        }
      }
    }
    return ended(question, budget, stop);
  }

  private Optional<Found> sample(
      Question question, long budget, Philox random, BooleanSupplier stop) {
    int atOnce = 256;
    long first = Discovery.NEVER;
    long right = 0;
    try (RolloutSampler sampler =
        new RolloutSampler(model.decoder(), model.tokenizer(), environment, prompts)) {
      for (long done = 0; done < budget && !stop.getAsBoolean(); done += atOnce) {
        int n = (int) Math.min(atOnce, budget - done);
        List<Rollout> attempts = sampler.sample(List.of(question), n, sampling, random.split(done));
        first = Math.min(first, firstRight(attempts, done));
        right += attempts.stream().filter(this::isRight).count();
      }
    }
    return stop.getAsBoolean()
        ? Optional.empty()
        : Optional.of(new Found(question.id(), first, budget, right));
  }

  private Optional<Found> converse(
      Question question, long budget, int window, Philox random, BooleanSupplier stop) {
    Deque<String> feedback = new ArrayDeque<>();
    try (RolloutSampler sampler =
        new RolloutSampler(model.decoder(), model.tokenizer(), environment, prompts)) {
      for (long turn = 1; turn <= budget && !stop.getAsBoolean(); turn++) {
        int[] prompt =
            feedback.isEmpty()
                ? prompts.student(question)
                : prompts.build(question, Optional.empty(), new ArrayList<>(feedback)).tokens();
        Rollout attempt =
            sampler
                .answer(List.of(question), List.of(prompt), sampling, random.split(turn - 1))
                .getFirst();
        if (isRight(attempt)) {
          return Optional.of(new Found(question.id(), turn, turn, 1));
        }
        if (attempt.verdict().hasFeedback()) {
          feedback.addLast(attempt.verdict().feedback());
        }
        while (feedback.size() > window) {
          feedback.removeFirst();
        }
      }
    }
    return ended(question, budget, stop);
  }

  private static Optional<Found> ended(Question question, long budget, BooleanSupplier stop) {
    return stop.getAsBoolean()
        ? Optional.empty()
        : Optional.of(new Found(question.id(), Discovery.NEVER, budget, 0));
  }

  /** The number of the first right attempt, {@code done} having been made before. */
  private long firstRight(List<Rollout> attempts, long done) {
    for (int i = 0; i < attempts.size(); i++) {
      if (isRight(attempts.get(i))) {
        return done + i + 1;
      }
    }
    return Discovery.NEVER;
  }

  private boolean isRight(Rollout attempt) {
    return attempt.reward() >= config.selfDistillation().successRewardThreshold();
  }
}
