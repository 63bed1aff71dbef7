package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.Schedule;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.rollout.Rollout;
import dev.hindsight.sdpo.rollout.RolloutSampler;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.sdpo.teacher.Truncation;
import dev.hindsight.sdpo.trainer.TrainConfig.Method;
import dev.hindsight.transformer.ModelFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards one update: what the trainer computes for the sampler's tokens, and that learning learns.
 */
class PolicyUpdateTest {

  static Stream<String> backends() {
    return Backends.providers().stream()
        .filter(p -> p.priority() >= 0 && p.unavailable().isEmpty())
        .map(Backends.Provider::name);
  }

  private static List<PolicyUpdate.Sample> samples(TrainConfig config, ModelFolder model) {
    Environment environment = Environments.open(config.environment(), config.seed());
    TeacherPrompts prompts =
        new TeacherPrompts(
            RepromptTemplate.REFERENCE,
            new PromptEncoder(environment.renderer(), model.tokenizer()),
            100,
            Truncation.BUDGET);
    List<PolicyUpdate.Sample> samples = new ArrayList<>();
    try (RolloutSampler sampler =
        new RolloutSampler(model.decoder(), model.tokenizer(), environment, prompts)) {
      List<Rollout> rollouts =
          sampler.sample(
              environment.drawBatch(config.trainBatchSize(), 0, 1),
              config.rollout().n(),
              config.rollout().temperature(),
              14,
              new Philox(3, 4));
      for (int i = 0; i < rollouts.size(); i++) {
        Rollout r = rollouts.get(i);
        int[] prompt =
            prompts.build(r.question(), Optional.empty(), List.of(r.verdict().feedback())).tokens();
        samples.add(new PolicyUpdate.Sample(r, prompt, true, i % 4 == 0 ? .75 : -.25));
      }
    }
    return samples;
  }

  /** Sampler and trainer are one engine: before the first update the ratio is 1, exactly. */
  @ParameterizedTest
  @MethodSource("backends")
  void theOnPolicyRatioIsExactlyOne(String backend) {
    for (String temperature : new String[] {"1", "0.7"}) {
      TrainConfig config = TinyRun.config(Method.SDPO, "rollout.temperature=" + temperature);
      ModelFolder model = TinyRun.model(Backends.get(backend));
      List<PolicyUpdate.Sample> samples = samples(config, model);
      SelfTeacher teacher = new SelfTeacher(TeacherKind.EMA, .05, model.decoder());
      try (PolicyUpdate update = new PolicyUpdate(config, model.decoder(), teacher, 14)) {
        int row = 0;
        List<PolicyUpdate.Result> results = update.update(samples);
        double[] logP = results.getFirst().outputs().logP();
        for (PolicyUpdate.Sample s : samples) {
          for (float recorded : s.rollout().completion().logProbs()) {
            assertThat(logP[row++]).isEqualTo(recorded);
          }
        }
        assertThat(row).isGreaterThan(50);
      }
    }
  }

  /**
   * Recomputed for rollout correction, pi_old is what the sampler recorded, so every weight is 1.
   */
  @Test
  void rolloutCorrectionChangesNothingHere() {
    List<Double> losses = new ArrayList<>();
    for (String mode : new String[] {"none", "token", "sequence"}) {
      TrainConfig config = TinyRun.config(Method.GRPO, "algorithm.rollout_is=" + mode);
      ModelFolder model = TinyRun.model(Backends.get("auto"));
      try (PolicyUpdate update = new PolicyUpdate(config, model.decoder(), null, 14)) {
        losses.add(update.update(samples(config, model)).get(1).outputs().loss());
      }
    }
    assertThat(losses.get(1)).isEqualTo(losses.getFirst());
    assertThat(losses.get(2)).isEqualTo(losses.getFirst());
  }

  /** Repeated on one batch with a frozen teacher, the divergence that is minimised falls. */
  @Test
  void distillingOneBatchBringsTheStudentToTheTeacher() {
    TrainConfig config = TinyRun.config(Method.SDPO, "optim.lr=0.02", "train_batch_size=2");
    ModelFolder model = TinyRun.model(Backends.get("auto"));
    // a teacher that differs: the student's weights are blown up after it was copied
    SelfTeacher teacher = new SelfTeacher(TeacherKind.FROZEN, 0, model.decoder());
    model
        .decoder()
        .weights()
        .forEach((name, w) -> dev.hindsight.engine.TensorOps.addScaled(w.keep(), .8, w));
    List<PolicyUpdate.Sample> samples = samples(config, model);
    try (PolicyUpdate update = new PolicyUpdate(config, model.decoder(), teacher, 14)) {
      double first = update.update(samples).getFirst().outputs().loss();
      double last = first;
      for (int i = 0; i < 12; i++) {
        last = update.update(samples).getFirst().outputs().loss();
      }
      assertThat(last).isLessThan(first / 3);
    }
  }

  /** No generation is sampled in vain: the last optimiser step still has a rate. */
  @Test
  void aDecayToZeroLeavesTheLastStepARate() {
    for (String decay : new String[] {"linear", "cosine"}) {
      TrainConfig config =
          TinyRun.config(
              Method.GRPO,
              "steps=5",
              "train_batch_size=4",
              "actor.ppo_mini_batch_size=2",
              "optim.lr=0.1",
              "optim.lr_schedule=" + decay);
      Schedule schedule = PolicyUpdate.schedule(config);
      assertThat(schedule.at(1)).isEqualTo(.1);
      // a tenth of the way is left; half a cosine has (1 - cos(pi / 10)) / 2 of its height there
      double left = decay.equals("linear") ? .1 : (1 - Math.cos(Math.PI / 10)) / 2;
      assertThat(schedule.at(10)).isCloseTo(.1 * left, within(1e-15));
      assertThat(schedule.at(11)).isCloseTo(0, within(1e-15));
    }
  }

  @Test
  void aGradientThatIsNotFiniteIsNotStepped() {
    TrainConfig config = TinyRun.config(Method.GRPO);
    ModelFolder model = TinyRun.model(Backends.get("auto"));
    List<PolicyUpdate.Sample> spoilt =
        samples(config, model).stream()
            .map(s -> new PolicyUpdate.Sample(s.rollout(), null, true, 1e300))
            .toList();
    float[] before = model.decoder().weights().values().iterator().next().toFloats();
    try (PolicyUpdate update = new PolicyUpdate(config, model.decoder(), null, 14)) {
      assertThat(update.update(spoilt)).allSatisfy(r -> assertThat(r.stepped()).isFalse());
      assertThat(update.optimizer().steps()).isZero();
    }
    assertThat(model.decoder().weights().values().iterator().next().toFloats()).isEqualTo(before);
  }
}
