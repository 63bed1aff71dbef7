package dev.hindsight.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Guards that every key of a training run stands in the guide, with its default. */
class ConfigurationPageTest {
  private static final Path PAGE =
      Path.of(System.getProperty("hindsight.repository"), "docs/guide/configuration.md");

  @Test
  void everyKeyHasARowWithItsDefault() throws IOException {
    String page = Files.readString(PAGE);
    JsonNode root =
        new YAMLMapper().readTree(Configs.toYaml(TrainConfig.parse("", "defaults", List.of())));
    root.properties()
        .forEach(
            e -> {
              if (e.getKey().equals("environment")) {
                assertThat(page).contains("| `environment` |");
              } else if (e.getValue().isObject()) {
                String section = section(page, "`" + e.getKey() + "`");
                e.getValue().properties().forEach(k -> row(section, k.getKey(), k.getValue()));
              } else {
                row(section(page, "Top level"), e.getKey(), e.getValue());
              }
            });
  }

  private static String section(String page, String title) {
    int from = page.indexOf("\n## " + title + "\n");
    assertThat(from).as("a section ## %s", title).isNotNegative();
    int to = page.indexOf("\n## ", from + 1);
    return page.substring(from, to < 0 ? page.length() : to);
  }

  private static void row(String section, String key, JsonNode value) {
    String row =
        section
            .lines()
            .filter(l -> l.startsWith("| `" + key + "` |"))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no row for " + key + " in" + section));
    if (!key.endsWith("_template")) {
      assertThat(row.split("\\|")[2])
          .as("the default of %s", key)
          .contains("`" + (value.isNull() ? "null" : value.asString()) + "`");
    }
  }
}
