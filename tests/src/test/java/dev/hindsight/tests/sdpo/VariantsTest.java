package dev.hindsight.tests.sdpo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.StepMetrics;
import dev.hindsight.tests.cli.Cli;
import dev.hindsight.tests.docs.MetricsPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards that every variant trains from the command line: two steps of the built-in model on a
 * level where some answers succeed and some fail. The loss is finite, the weights are others than
 * those of plain SDPO or GRPO would be, what the variant has to tell is in the metrics, and a run
 * cut off after its first step goes on to the same bytes.
 */
class VariantsTest {
  private static final Path HOME = Path.of(System.getProperty("hindsight.repository"));

  @TempDir static Path folder;
  private static byte[] sdpo;
  private static byte[] grpo;

  @BeforeAll
  static void plainRuns() throws IOException {
    sdpo = weights(train("plain-sdpo", "method=sdpo"));
    grpo = weights(train("plain-grpo", "method=grpo"));
  }

  private static Path train(String name, String... sets) {
    Path out = folder.resolve(name);
    List<Object> words = new ArrayList<>(List.of("train", HOME.resolve("configs/levels/B.yaml")));
    List<String> all =
        new ArrayList<>(
            List.of(
                "model=" + HOME.resolve("models/dialect-48x2"),
                "environment.level=B",
                "steps=2",
                "train_batch_size=4",
                "rollout.n=4",
                "actor.ppo_mini_batch_size=2",
                "optim.lr=1e-3",
                "evaluation.questions=4",
                "evaluation.teacher_questions=4",
                "record.save_freq=1"));
    all.addAll(Arrays.asList(sets));
    for (String set : all) {
      words.add("--set");
      words.add(set);
    }
    words.addAll(List.of("--out", out, "-q"));
    Cli.Outcome outcome = Cli.run(words.toArray());
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return out;
  }

  private static byte[] weights(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("model/model.safetensors"));
  }

  private static List<StepMetrics> metrics(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
        .map(line -> Json.parse(line, StepMetrics.class))
        .toList();
  }

  /** Keys of a variant, and after the arrow the measures that it must bring. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "self_distillation.distillation_mode=full-logits",
        "self_distillation.distillation_mode=argmax-token -> tail_mass",
        "self_distillation.distillation_mode=sampled-token -> is_clip_fraction",
        "self_distillation.distillation_mode=sequence -> clip_fraction",
        "self_distillation.distillation_mode=sequence actor.importance_sampling_level=sequence",
        "self_distillation.distillation_mode=sequence self_distillation.sequence_baseline=group",
        "self_distillation.distillation_add_tail=false self_distillation.distillation_topk=3",
        "self_distillation.alpha=0.5",
        "self_distillation.prefix_term=true -> prefix_loss distillation_loss",
        "self_distillation.clipped_surrogate=true -> surrogate_clip_mass",
        "self_distillation.clipped_surrogate=true self_distillation.distillation_add_tail=false",
        "self_distillation.clip_adv_high=0.5 -> advantage_clip_mass",
        "self_distillation.token_kl_clip=0.05 -> kl_clip_fraction",
        "self_distillation.teacher_regularization=trust-region",
        "self_distillation.teacher_regularization=frozen",
        "self_distillation.teacher_regularization=live",
        "self_distillation.teacher_sync_steps=1 self_distillation.teacher_update_rate=0.5",
        "self_distillation.use_successful_as_teacher=false",
        "self_distillation.distillation_weight=0.5 -> policy_loss distillation_loss",
        "algorithm.hybrid_lambda=0.9 -> policy_loss distillation_loss",
        "algorithm.hybrid_lambda=0.5 self_distillation.distillation_mode=sampled-token",
        "algorithm.hybrid_lambda=0.5 self_distillation.distillation_mode=sequence",
        "algorithm.routing=srpo -> policy_loss distillation_loss",
        "algorithm.pass_rate_weights=true",
        "actor.entropy_coeff=0.1 -> entropy_loss",
        "actor.ppo_epochs=2 -> ratio_min ratio_mean",
        "actor.loss_agg_mode=token-mean",
        "actor.loss_agg_mode=seq-mean-token-mean",
        "actor.loss_agg_mode=seq-mean-token-sum-norm",
        "rollout.top_p=0.9",
        "method=grpo algorithm.norm_adv_by_std_in_grpo=true",
        "method=grpo algorithm.scale_rewards=group",
        "method=grpo algorithm.scale_rewards=batch",
        "method=grpo actor.importance_sampling_level=sequence actor.clip_ratio_low=3e-4"
            + " actor.clip_ratio_high=4e-4 actor.ppo_epochs=2 -> clip_fraction",
        "method=grpo actor.loss_mode=cispo actor.ppo_epochs=2 -> clip_fraction",
        "method=grpo actor.top_entropy_quantile=0.2 -> masked_fraction",
        "method=grpo actor.loss_type=dr-grpo",
        "method=grpo actor.loss_type=dapo",
        "method=grpo actor.clip_ratio_c=.inf actor.ppo_epochs=3",
        "method=grpo actor.use_kl_loss=true actor.kl_loss_coef=0.1 -> reference_kl kl_loss",
        "method=sft -> teacher_success_fraction"
      })
  void everyVariantTrainsAndResumes(String variant) throws IOException {
    String[] parts = variant.split(" -> ");
    String[] sets = parts[0].split(" ");
    String name = "v" + Integer.toHexString(variant.hashCode());
    Path run = train(name, sets);
    List<StepMetrics> metrics = metrics(run);
    assertThat(metrics).hasSize(3);
    for (StepMetrics m : metrics.subList(1, 3)) {
      assertThat(m.loss()).isNotNull().isFinite();
      assertThat(m.gradNorm()).isNotNull().isFinite();
      assertThat(m.measures().values()).allSatisfy(v -> assertThat(v).isFinite());
      assertThat(m.measures().keySet()).allSatisfy(MetricsPage::explains);
    }
    if (parts.length > 1) {
      assertThat(metrics.get(2).measures()).containsKeys(parts[1].split(" "));
    }
    assertThat(metrics.stream().anyMatch(m -> m.gradNorm() != null && m.gradNorm() > 0)).isTrue();
    byte[] trained = weights(run);
    assertThat(Arrays.equals(trained, sdpo)).as("the keys change something").isFalse();
    assertThat(Arrays.equals(trained, grpo)).as("the keys change something").isFalse();

    Path killed = folder.resolve(name + "-killed");
    copy(run, killed);
    Files.delete(killed.resolve("checkpoints/step-000002.safetensors"));
    Files.delete(killed.resolve("summary.json"));
    Files.delete(killed.resolve("model/model.safetensors"));
    Cli.Outcome resumed = Cli.run("train", "--resume", killed, "-q");
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(Arrays.equals(weights(killed), trained)).as("resumed weights").isTrue();
    assertThat(killed.resolve("metrics.jsonl"))
        .hasSameTextualContentAs(run.resolve("metrics.jsonl"));
    assertThat(killed.resolve("samples.jsonl"))
        .hasSameTextualContentAs(run.resolve("samples.jsonl"));
  }

  /** One engine samples and trains: no correction has anything to correct. */
  @Test
  void rolloutCorrectionLeavesTheBits() throws IOException {
    Path run =
        train(
            "corrected",
            "method=sdpo",
            "algorithm.rollout_is=token",
            "algorithm.rollout_is_batch_normalize=true",
            "algorithm.rollout_rs=geometric");
    assertThat(Arrays.equals(weights(run), sdpo)).isTrue();
    StepMetrics last = metrics(run).get(2);
    assertThat(last.measures())
        .containsEntry("rollout_is_mean", 1.0)
        .containsEntry("rollout_is_max", 1.0)
        .containsEntry("rejected_fraction", 0.0);
    run = train("bypassed", "algorithm.rollout_is=sequence", "algorithm.bypass_mode=true");
    assertThat(Arrays.equals(weights(run), sdpo)).isTrue();
  }

  /** With answers that are cut off, leaving them out is another run. */
  @Test
  void truncatedResponsesCanBeMasked() throws IOException {
    Path all = train("cut", "rollout.response_length=8");
    Path masked =
        train("cut-masked", "rollout.response_length=8", "actor.mask_truncated_completions=true");
    double finished = metrics(masked).get(1).finishedFraction();
    assertThat(finished).isBetween(.01, .99);
    assertThat(metrics(masked).get(1).measures().get("masked_fraction"))
        .isGreaterThan(metrics(all).get(1).measures().get("masked_fraction"));
    assertThat(Arrays.equals(weights(masked), weights(all))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "paper-science",
        "paper-code",
        "paper-ttt",
        "trl-default",
        "paper-science method=grpo"
      })
  void presetsRunOnTheBuiltInModel(String preset) throws IOException {
    Path config = folder.resolve("empty.yaml");
    Files.writeString(config, "environment: {level: B}\n");
    Path out = folder.resolve("preset-" + preset.replaceAll("\\W", "-"));
    List<Object> words = new ArrayList<>(List.of("train", config));
    String[] sets =
        ("preset=" + preset + " steps=1 record.save_freq=1 evaluation.n=1 evaluation.questions=4")
            .split(" ");
    for (String set : sets) {
      words.addAll(List.of("--set", set));
    }
    words.addAll(List.of("--set", "model=" + HOME.resolve("models/dialect-48x2")));
    words.addAll(List.of("--out", out, "-q"));
    Cli.Outcome outcome = Cli.run(words.toArray());
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(out.resolve("config.yaml")).content().contains("preset: " + preset.split(" ")[0]);
    assertThat(metrics(out).getLast().loss()).isFinite();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
