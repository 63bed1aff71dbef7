package dev.hindsight.sdpo.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.trainer.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A wrong configuration must never run: each way of being wrong has a message with its place. */
class ConfigsTest {
  public enum Teacher {
    EMA,
    TRUST_REGION,
    FROZEN
  }

  public record Optimizer(double learningRate, List<Double> betas, int warmUpSteps) {
    public Optimizer {
      if (learningRate <= 0) {
        throw new IllegalArgumentException(
            "learning_rate: got " + learningRate + ", expected a positive number");
      }
    }
  }

  public record Config(
      String name,
      long seed,
      boolean quiet,
      Teacher teacher,
      Optimizer optimizer,
      Map<String, String> names,
      List<Optimizer> grid) {}

  static final Config DEFAULTS =
      new Config(
          "default",
          0,
          false,
          Teacher.EMA,
          new Optimizer(1e-3, List.of(0.9, 0.999), 0),
          Map.of(),
          List.of());

  private static Config parse(String yaml, String... overrides) {
    return Configs.parse(yaml, "a.yaml", DEFAULTS, List.of(overrides));
  }

  private static void fails(String yaml, String... parts) {
    assertThatThrownBy(() -> parse(yaml))
        .isInstanceOf(ConfigException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(parts).doesNotContain("jackson"));
  }

  @Test
  void whatAFileLeavesOutComesFromTheDefaults() {
    Config c = parse("seed: 7\noptimizer:\n  learning_rate: 2e-3\n");
    assertThat(c.seed()).isEqualTo(7);
    assertThat(c.optimizer().learningRate()).isEqualTo(2e-3);
    assertThat(c.optimizer().betas()).containsExactly(0.9, 0.999);
    assertThat(c.name()).isEqualTo("default");
    assertThat(parse("")).isEqualTo(DEFAULTS);
    assertThat(parse("# only a comment\n")).isEqualTo(DEFAULTS);
  }

  @Test
  void whatIsWrittenReadsBackTheSame() {
    Config c =
        new Config(
            "a: #b",
            -1,
            true,
            Teacher.TRUST_REGION,
            new Optimizer(1e-7, List.of(0.5), 3),
            Map.of("max", "1e3", "min", "true"),
            List.of(new Optimizer(2, List.of(), 1)));
    String yaml = Configs.toYaml(c);
    assertThat(parse(yaml)).isEqualTo(c);
    assertThat(yaml).contains("teacher: trust-region").contains("warm_up_steps: 3");
    assertThat(yaml.indexOf("name:")).isLessThan(yaml.indexOf("seed:"));
  }

  @Test
  void anUnknownKeyIsNamedWithItsLineAndTheKeyThatWasMeant() {
    fails(
        "seed: 1\noptimizer:\n  learning_rat: 0.1\n",
        "a.yaml:3: unknown key 'learning_rat' in 'optimizer'; did you mean 'learning_rate'?",
        "betas, learning_rate, warm_up_steps");
    fails("sede: 1\n", "a.yaml:1: unknown key 'sede'; did you mean 'seed'?", "Known keys: ");
    fails("learningRate: 1", "unknown key 'learningRate'");
    fails("optimizer: {learningRate: 1}", "did you mean 'learning_rate'?");
    fails(
        "grid:\n- learning_rate: 1\n- learning_rate: 2\n  momentum: 3\n",
        "a.yaml:4: unknown key 'momentum' in 'grid[1]'. Known keys there");
  }

  @Test
  void aValueOfAnotherTypeIsNamedWithWhatCameAndWhatWasExpected() {
    fails("\nseed: fifty\n", "a.yaml:2: seed: got the text 'fifty', expected a whole number");
    fails("seed: 1.5", "seed: got 1.5, expected a whole number");
    fails("seed:", "seed: got nothing, expected a whole number");
    fails("seed: [1]", "seed: got a list, expected a whole number");
    fails("seed: 99999999999999999999", "seed: got 99999999999999999999, expected a whole number");
    fails("quiet: yes", "quiet: got the text 'yes', expected true or false");
    fails("quiet: 1", "quiet: got 1, expected true or false");
    fails("name: 12", "name: got 12, expected text (put it in quotes)");
    fails("optimizer: 3", "optimizer: got 3, expected keys and values");
    fails(
        "optimizer:\n  betas: [0.9,\n    fast]",
        "a.yaml:3: optimizer.betas[1]: got the text 'fast', expected a number");
    fails("optimizer:\n  betas: 0.9", "a.yaml:2: optimizer.betas: got 0.9, expected a list");
    fails(
        "teacher: trust_region",
        "teacher: got the text 'trust_region', expected one of ema, trust-region, frozen; did you mean"
            + " 'trust-region'?");
    fails("teacher: 1", "teacher: got 1, expected one of ema");
  }

  @Test
  void aValueThatTheRecordRefusesIsNamedWithItsLine() {
    fails(
        "seed: 1\noptimizer:\n  warm_up_steps: 2\n  learning_rate: -1\n",
        "a.yaml:4: learning_rate: got -1.0, expected a positive number");
  }

  @Test
  void aKeyGivenTwiceIsAnError() {
    fails("seed: 1\nquiet: true\nseed: 2\n", "a.yaml:3: the key 'seed' is given twice");
  }

  @Test
  void textThatIsNotAMappingIsAnError() {
    fails("- 1\n- 2\n", "expected keys and values", "got a list");
    fails("hello", "expected keys and values");
    fails("seed: 1\n  quiet: [", "a.yaml:2", "not valid YAML");
    fails("seed: 1\n\tquiet: true", "a.yaml:2", "not valid YAML: found character", "TAB");
    fails("seed: 1\n---\nseed: 2\n", "a.yaml:3: a second document");
    fails("name: &x a\nseed: *x\n", "a.yaml:2: aliases");
    fails("optimizer:\n  <<: {betas: []}\n", "unknown key '<<'");
  }

  @Test
  void overridesWinAndAreNamedInErrors() {
    Config c = parse("seed: 1", "seed=5", "optimizer.learning_rate=2e-3", "optimizer.betas=[0.5]");
    assertThat(c.seed()).isEqualTo(5);
    assertThat(c.optimizer().learningRate()).isEqualTo(2e-3);
    assertThat(c.optimizer().betas()).containsExactly(0.5);
    assertThatThrownBy(() -> parse("", "optimizer.betta=1"))
        .hasMessageContaining(
            "--set optimizer.betta=1: unknown key 'betta' in 'optimizer'; did you mean 'betas'?");
    assertThatThrownBy(() -> parse("", "seed")).hasMessageContaining("expected key=value");
    assertThatThrownBy(() -> parse("", "seed=x"))
        .hasMessageContaining("--set seed=x: seed: got the text 'x', expected a whole number");
  }

  @Test
  void filesThatCannotBeReadSayWhy(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("grpo-dialect.yaml"), "");
    assertThatThrownBy(() -> Configs.read(folder.resolve("grpo-dialct.yaml"), DEFAULTS))
        .hasMessageContaining("no such file; did you mean 'grpo-dialect.yaml'?");
    assertThatThrownBy(() -> Configs.read(folder, DEFAULTS)).hasMessageContaining("is a folder");
    Path binary = Files.write(folder.resolve("b.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThatThrownBy(() -> Configs.read(binary, DEFAULTS)).hasMessageContaining("not UTF-8");
    Path large = Files.write(folder.resolve("c.yaml"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> Configs.read(large, DEFAULTS)).hasMessageContaining("bytes");
  }

  @Test
  void trainingConfigurationsReadBackTheSameAndPointAtTheLine() {
    for (TrainConfig.Method method : TrainConfig.Method.values()) {
      TrainConfig config = TrainConfig.defaults(method);
      String yaml = Configs.toYaml(config);
      assertThat(Configs.parse(yaml, "b.yaml", config, List.of())).isEqualTo(config);
      assertThat(
              Configs.parse(
                  yaml, "b.yaml", TrainConfig.defaults(TrainConfig.Method.SDPO), List.of()))
          .isEqualTo(config);
      assertThatThrownBy(
              () -> Configs.parse("seed: 1\noptim:\n  lr: 0\n", "b.yaml", config, List.of()))
          .hasMessage("b.yaml:3: optim.lr: got 0.0, expected a finite number greater than 0");
      assertThatThrownBy(
              () ->
                  Configs.parse(
                      "train_batch_size: 2\nactor:\n  ppo_mini_batch_size: 3\n",
                      "b.yaml",
                      config,
                      List.of()))
          .hasMessageStartingWith("b.yaml:3: actor.ppo_mini_batch_size: got 3, expected at most");
    }
  }

  @Test
  void distanceCountsAnExchangeOnce() {
    assertThat(DidYouMean.distance("sede", "seed")).isEqualTo(1);
    assertThat(DidYouMean.distance("", "abc")).isEqualTo(3);
    assertThat(DidYouMean.nearest("zebra", List.of("seed", "quiet"))).isEmpty();
  }
}
