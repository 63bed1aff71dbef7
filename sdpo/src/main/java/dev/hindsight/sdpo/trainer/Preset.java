package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.config.Configs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A published table of settings. Each is a YAML file beside this class, {@code presets/NAME.yaml},
 * and for the paper's GRPO baselines {@code presets/NAME-grpo.yaml} on top of it. Keys of a
 * configuration win over those of its preset.
 *
 * <p>Learning rates are those of models of billions of parameters: the built-in ones hardly move
 * under them.
 */
public enum Preset {
  /** Science and tool use with scalar rewards: section 3 of the SDPO paper, Table 12. */
  PAPER_SCIENCE,
  /** LiveCodeBench with rich feedback: section 4, Table 12. */
  PAPER_CODE,
  /** Test-time self-distillation on one question: section 5, Table 12. */
  PAPER_TTT,
  /** The defaults of TRL's {@code SDPOConfig}. */
  TRL_DEFAULT;

  /** The preset of a name; empty when there is none. */
  static Optional<Preset> named(String name) {
    return Stream.of(values()).filter(p -> p.key().equals(name)).findFirst();
  }

  private String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Defaults in which this table's values replace those that it has. */
  TrainConfig over(TrainConfig defaults) {
    TrainConfig common = merged(key(), defaults);
    boolean baseline =
        defaults.method() == TrainConfig.Method.GRPO
            && (this == PAPER_SCIENCE || this == PAPER_CODE);
    return baseline ? merged(key() + "-grpo", common) : common;
  }

  private static TrainConfig merged(String file, TrainConfig defaults) {
    String path = "presets/" + file + ".yaml";
    try (InputStream in = Preset.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("preset: the file " + path + " is missing in the jar");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Configs.parse(text, path, defaults, List.of());
    } catch (IOException e) {
      throw new UncheckedIOException("preset: " + path + " cannot be read", e);
    }
  }
}
