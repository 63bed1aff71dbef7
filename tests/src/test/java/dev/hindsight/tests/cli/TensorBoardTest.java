package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.tests.cli.EventFile.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Guards that TensorBoard sees what {@code metrics.jsonl} says: each step once, killed or not. */
class TensorBoardTest {
  @TempDir Path folder;

  private Path train(String... sets) throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 5);
    Path run = folder.resolve("run");
    List<Object> args = new ArrayList<>(List.of("train", config, "--out", run, "-q"));
    for (String set : sets) {
      args.addAll(List.of("--set", set));
    }
    Cli.Outcome outcome = Cli.run(args.toArray());
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return run;
  }

  private static List<JsonNode> lines(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
        .map(JsonMapper.shared()::readTree)
        .toList();
  }

  /** The numbers of a line, by key, and its sentences. */
  private static void assertSays(Event event, JsonNode line) {
    assertThat(event.step()).isEqualTo(line.path("step").asLong());
    Map<String, Float> numbers = new TreeMap<>();
    line.properties()
        .forEach(
            e -> {
              if (e.getValue().isNumber() && !e.getKey().equals("step")) {
                numbers.put(e.getKey(), (float) e.getValue().doubleValue());
              }
            });
    line.path("measures")
        .properties()
        .forEach(e -> numbers.put("measures/" + e.getKey(), (float) e.getValue().doubleValue()));
    Map<String, Float> scalars = new TreeMap<>();
    event
        .scalars()
        .forEach(
            (tag, value) -> {
              assertThat(tag).matches("(held_out|answers|signal|update|measures)/[a-z_]+");
              boolean measure = tag.startsWith("measures/");
              scalars.put(measure ? tag : tag.substring(tag.indexOf('/') + 1), value);
            });
    assertThat(scalars).isEqualTo(numbers);
    List<String> alarms = line.path("alarms").valueStream().map(JsonNode::asString).toList();
    assertThat(event.texts().getOrDefault("alarms", "")).isEqualTo(String.join("\n\n", alarms));
  }

  private static void assertComplete(Path run, boolean resumed) throws IOException {
    List<Event> events = EventFile.readOnly(run.resolve("tensorboard"));
    assertThat(events.getFirst().version()).isEqualTo("brain.Event:2");
    assertThat(events.get(1).start()).as("voids what viewers have").isEqualTo(resumed);
    List<Event> steps = events.subList(resumed ? 2 : 1, events.size());
    List<JsonNode> lines = lines(run);
    assertThat(steps).hasSameSizeAs(lines);
    for (int i = 0; i < steps.size(); i++) {
      assertSays(steps.get(i), lines.get(i));
    }
    assertThat(events).extracting(Event::wallTime).isSorted();
    assertThat(events.getFirst().wallTime()).isGreaterThan(1.7e9).isLessThan(1e10);
  }

  @Test
  void everyNumberIsAScalarAndAlarmsAreTexts() throws IOException {
    Path run = train("record.tensorboard=true", "environment.feedback=none");
    assertThat(lines(run)).anyMatch(l -> !l.path("alarms").isEmpty());
    assertComplete(run, false);
  }

  @Test
  void aRunThatWasKilledHasEachStepOnce() throws IOException {
    Path run = train("record.tensorboard=true");
    List<JsonNode> whole = lines(run);
    // steps are recorded of which no checkpoint knows, and an event was being written
    Files.delete(run.resolve("checkpoints/step-000005.safetensors"));
    try (var files = Files.list(run.resolve("tensorboard"))) {
      Files.write(
          files.findFirst().orElseThrow(), new byte[] {42, 0, 0}, StandardOpenOption.APPEND);
    }
    Cli.Outcome outcome = Cli.run("train", "--resume", run, "-q");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(lines(run)).isEqualTo(whole);
    assertComplete(run, true);
  }

  @Test
  void thereIsNoneUnasked() throws IOException {
    assertThat(train().resolve("tensorboard")).doesNotExist();
  }

  @Test
  void pretrainingHasOneToo() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            steps: 4
            batch_size: 4
            model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2}
            evaluation: {every: 2, documents: 4}
            checkpoint_every: 2
            tensorboard: true
            """);
    Path run = folder.resolve("base");
    Cli.Outcome outcome = Cli.run("pretrain", config, "--out", run, "-q");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertComplete(run, false);
    // a finished one is left as it is
    Path summary = run.resolve("summary.json");
    String before = Files.readString(summary);
    Cli.Outcome again = Cli.run("pretrain", config, "--out", run, "--resume", "--json", "-q");
    double heldOut = Json.parse(before, JsonNode.class).path("held_out_loss").asDouble();
    assertThat(Json.parse(again.out(), JsonNode.class).path("held_out_loss").asDouble())
        .isEqualTo(heldOut);
    assertThat(summary).hasContent(before);
    assertComplete(run, false);
    // as if killed before its last word
    Files.delete(summary);
    assertThat(Cli.run("pretrain", config, "--out", run, "--resume", "-q").code()).isZero();
    assertComplete(run, true);
    JsonNode made = Json.parse(Files.readString(summary), JsonNode.class);
    assertThat(made.path("held_out_loss").asDouble()).isEqualTo(heldOut);
    assertThat(made.path("loss").isNumber()).isTrue();
  }
}
