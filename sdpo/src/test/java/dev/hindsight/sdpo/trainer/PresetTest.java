package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Guards the published tables: every row of sections 5 and 10 of the specification that has a key
 * here, by preset, and that keys of a configuration win.
 */
class PresetTest {

  private static TrainConfig parse(String... sets) {
    return TrainConfig.parse("", "test", List.of(sets));
  }

  /** The resolved configuration, by key path. */
  private static Map<String, String> resolved(String... sets) {
    Map<String, String> all = new TreeMap<>();
    flatten("", new YAMLMapper().readTree(Configs.toYaml(parse(sets))), all);
    return all;
  }

  private static void flatten(String path, JsonNode node, Map<String, String> into) {
    if (node.isObject()) {
      node.properties()
          .forEach(
              e ->
                  flatten(
                      path.isEmpty() ? e.getKey() : path + "." + e.getKey(), e.getValue(), into));
    } else {
      into.put(path, node.isNull() ? "null" : node.asString());
    }
  }

  /** A row: key, then its value in paper-science, paper-code, paper-ttt, trl-default. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train_batch_size                                     | 32     | 32     | 1     |",
        "rollout.n                                            | 8      | 8      | 16    | 8",
        "rollout.temperature                                  | 1.0    | 1.0    | 1.0   | 1.0",
        "rollout.top_p                                        | 1.0    | 1.0    | 1.0   | 1.0",
        "rollout.top_k                                        | -1     | -1     | -1    | -1",
        "rollout.min_p                                        |        |        |       | 0.0",
        "rollout.response_length                              | 8192   | 8192   | 8192  | 256",
        "steps                                                |        | 90     | 172   |",
        "actor.ppo_mini_batch_size                            | 32     | 1      | 1     | null",
        "actor.ppo_epochs                                     | 1      | 1      | 1     | 1",
        "actor.loss_agg_mode | reference-effective | reference-effective | reference-effective | reference-effective",
        "actor.loss_scale_factor                              | null   | null   | null  |",
        "actor.loss_type                                      |        |        |       | dapo",
        "actor.entropy_coeff                                  | 0.0    | 0.0    | 0.0   |",
        "actor.use_kl_loss                                    | false  | false  | false | false",
        "actor.clip_ratio_low                                 | 0.2    | 0.2    | 0.2   | 0.2",
        "actor.clip_ratio_high                                | 0.28   | 0.28   | 0.28  | 0.2",
        "actor.clip_ratio_c                                   | 3.0    | 3.0    | 3.0   | Infinity",
        "actor.importance_sampling_level                      |        |        |       | token",
        "actor.mask_truncated_completions                     |        |        |       | false",
        "optim.lr                                             | 1.0E-5 | 1.0E-6 | 1.0E-6 |",
        "optim.lr_schedule                            | constant | constant | constant |",
        "optim.lr_warmup_steps                                | 10     | 0      | 0     |",
        "optim.beta1                                          | 0.9    | 0.9    | 0.9   |",
        "optim.beta2                                          | 0.999  | 0.999  | 0.999 |",
        "optim.weight_decay                                   | 0.01   | 0.01   | 0.01  |",
        "optim.grad_clip                                      | 1.0    | 1.0    | 1.0   |",
        "self_distillation.distillation_weight                | 1.0    | 1.0    | 1.0   | 1.0",
        "self_distillation.full_logit_distillation            | true   | true   | true  |",
        "self_distillation.distillation_mode    | null | null | null | sampled-token",
        "self_distillation.distillation_topk                  | 100    | 20     | 20    | null",
        "self_distillation.distillation_add_tail              | true   | true   | true  | false",
        "self_distillation.alpha                              | 0.5    | 1.0    | 1.0   | 1.0",
        "self_distillation.is_clip                            | 2.0    | 2.0    | 2.0   | 2.0",
        "self_distillation.clip_adv_high                      | null   | null   | 5.0   | null",
        "self_distillation.success_reward_threshold           | 0.5    | 0.5    | 0.5   | 1.0",
        "self_distillation.teacher_regularization             | ema    | ema    | ema   | ema",
        "self_distillation.teacher_update_rate                | 0.05   | 0.01   | 0.01  | 0.05",
        "self_distillation.teacher_sync_steps                 | null   | null   | null  | 1",
        "self_distillation.use_successful_as_teacher          | true   | true   | false | true",
        "self_distillation.max_reprompt_len                   | 10240  | 10240  | 10240 | 10240",
        "self_distillation.reprompt_truncation                | right  | right  | right | left",
        "self_distillation.dont_reprompt_on_self_success      | true   | true   | true  | true",
        "self_distillation.remove_thinking_from_demonstration | true   | true   | true  | false",
        "self_distillation.include_environment_feedback       | false  | true   | true  | false",
        "self_distillation.environment_feedback_only_without_solution | true | true | true | false",
        "self_distillation.diagnostics_warning_interval       | null   | null   | null  | 10",
        "self_distillation.diagnostics_flat_tolerance | 1.0E-8 | 1.0E-8 | 1.0E-8 | 1.0E-8",
        "algorithm.norm_adv_by_std_in_grpo                    | false  | false  | false |",
        "algorithm.scale_rewards                              | null   | null   | null  | group",
        "algorithm.rollout_is                                 | token  | token  | token | none",
        "algorithm.rollout_is_threshold                       | 2.0    | 2.0    | 2.0   |",
        "algorithm.rollout_is_batch_normalize                 | false  | false  | false |",
        "algorithm.rollout_rs                                 | none   | none   | none  |",
        "algorithm.bypass_mode                                | false  | false  | false |",
        "evaluation.test_freq                                 | 5      | 5      | 5     |",
        "evaluation.val_before_train                          | false  | false  | false |",
        "evaluation.n                                         | 16     | 4      | 4     |",
        "evaluation.temperature                               | 0.6    | 0.6    | 0.6   |",
        "evaluation.top_p                                     | 0.95   | 0.95   | 0.95  |",
        "record.save_freq                                     | 0      | 0      | 0     |"
      })
  void tablesHaveThePublishedValues(
      String key, String science, String code, String ttt, String trl) {
    check(key, science, "preset=paper-science");
    check(key, code, "preset=paper-code");
    check(key, ttt, "preset=paper-ttt");
    check(key, trl, "preset=trl-default");
  }

  private static void check(String key, String expected, String... sets) {
    if (expected != null) {
      Map<String, String> all = resolved(sets);
      assertThat(all).containsKey(key);
      assertThat(all.get(key)).as("%s with %s", key, String.join(" ", sets)).isEqualTo(expected);
    }
  }

  /** The GRPO column: four steps a generation, a tenth of the learning rate; the rest is shared. */
  @Test
  void grpoHasItsOwnColumn() {
    for (String preset : new String[] {"preset=paper-science", "preset=paper-code"}) {
      check("actor.ppo_mini_batch_size", "8", preset, "method=grpo");
      check("optim.lr", "1.0E-6", preset, "method=grpo");
      check("train_batch_size", "32", preset, "method=grpo");
      check("algorithm.rollout_is", "token", preset, "method=grpo");
    }
    check("optim.lr_warmup_steps", "10", "preset=paper-science", "method=grpo");
    check("optim.lr_warmup_steps", "0", "preset=paper-code", "method=grpo");
  }

  @Test
  void trlsTemplatesAreItsOwn() {
    assertThat(parse("preset=trl-default").selfDistillation().template())
        .isEqualTo(dev.hindsight.sdpo.teacher.RepromptTemplate.TRL);
    assertThat(parse().selfDistillation().template())
        .isEqualTo(dev.hindsight.sdpo.teacher.RepromptTemplate.REFERENCE);
  }

  @Test
  void keysOfTheConfigurationWin() {
    TrainConfig config =
        TrainConfig.parse(
            "preset: paper-science\nself_distillation: {alpha: 1.0}\noptim: {lr: 1e-3}\n",
            "a.yaml",
            List.of("self_distillation.distillation_topk=7"));
    assertThat(config.selfDistillation().alpha()).isEqualTo(1);
    assertThat(config.optim().lr()).isEqualTo(1e-3);
    assertThat(config.selfDistillation().distillationTopk()).isEqualTo(7);
    assertThat(config.selfDistillation().teacherUpdateRate()).isEqualTo(.05);
  }

  /** A run's own config.yaml, which has all keys, says the same when it is read again. */
  @ParameterizedTest
  @EnumSource(Preset.class)
  void aResolvedConfigurationReadsBack(Preset preset) {
    String name = preset.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    TrainConfig config = parse("preset=" + name, "seed=3");
    assertThat(config.preset()).isEqualTo(preset);
    assertThat(TrainConfig.parse(Configs.toYaml(config), "config.yaml", List.of()))
        .isEqualTo(config);
  }

  @Test
  void anUnknownPresetIsAnError() {
    assertThatThrownBy(() -> parse("preset=paper-cod"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("preset")
        .hasMessageContaining("paper-code");
  }
}
