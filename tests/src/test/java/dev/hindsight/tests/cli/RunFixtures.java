package dev.hindsight.tests.cli;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.SampleRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Run folders with invented numbers, for tests of what reads run folders. No run made these: the
 * curves are formulas, the samples are written by hand.
 */
final class RunFixtures {
  private RunFixtures() {}

  /** A folder as quickstart leaves it, with three arms. */
  static void quickstart(Path folder) throws IOException {
    run(folder.resolve("sdpo"), 50, 900, 0.97, true);
    run(folder.resolve("grpo"), 50, 2600, 0.91, false);
    run(folder.resolve("sdpo_foreign_feedback"), 50, 1e9, 0.001, true);
    Files.writeString(
        folder.resolve("summary.json"),
        """
        {"seed": 0, "environment": "dialect-Q (test fixture)", "backend": "vector, 256 bits",
         "threads": 2, "wall_seconds": 71.3,
         "base": {"model": "models/dialect-48x2", "accuracy": 0.0005, "teacher_accuracy": 0.013},
         "arms": {}}
        """);
  }

  /**
   * One run.
   *
   * @param half generations at which the invented curve passes .5 of its end
   */
  static void run(Path folder, int steps, double half, double end, boolean teacher)
      throws IOException {
    Files.createDirectories(folder);
    List<String> lines = new ArrayList<>();
    List<String> samples = new ArrayList<>();
    for (int step = 0; step <= steps; step++) {
      double g = 128.0 * step;
      double accuracy = 0.0005 + end / (1 + Math.exp(-(g - half) / (0.16 * half)));
      double wave = 1 + 0.12 * Math.sin(step * 2.1) + 0.06 * Math.sin(step * 5.3);
      boolean start = step == 0;
      double settled = Math.exp(-g / (1.2 * half));
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("step", step);
      line.put("generations", 128L * step);
      line.put("accuracy", Math.min(1, Math.max(0.0005, accuracy)));
      if (!start) {
        line.put("train_reward", accuracy);
        line.put("loss", 0.4 * settled);
        line.put("entropy", (0.04 + 0.75 * settled) * wave);
        line.put("response_length", 7 + 0.6 * settled * wave);
        line.put("grad_norm", (teacher ? 0.3 + 2.5 * settled : 0.02 + 0.9 * accuracy) * wave);
        line.put("teacher_gap", teacher ? (0.05 + 1.3 * settled) * wave : null);
      }
      line.put("alarms", List.of());
      lines.add(Json.line(line));
      if (!start) {
        samples.add(Json.line(sample(step, "max 4 9 2", true, teacher)));
        samples.add(Json.line(sample(step, "rng 7 3 8", false, teacher)));
      }
    }
    Files.write(folder.resolve("metrics.jsonl"), lines);
    Files.write(folder.resolve("samples.jsonl"), samples);
    Files.writeString(folder.resolve("config.yaml"), "# test fixture\nmethod: sdpo\n");
    Files.writeString(folder.resolve("summary.json"), "{\"wall_seconds\": 5.4}\n");
  }

  private static SampleRecord sample(int step, String question, boolean fails, boolean teacher) {
    List<String> tokens =
        fails
            ? List.of("lab", "(", "4", ";", "9", ";", "2", ")", "<eos>")
            : List.of("mof", "{", "7", "|", "3", "|", "8", "}", ".", "<eos>");
    float[] student = new float[tokens.size()];
    float[] ratio = new float[tokens.size()];
    for (int i = 0; i < student.length; i++) {
      student[i] = -0.05f - 0.02f * (i % 4);
      ratio[i] = fails ? 0.04f * (i % 5 - 2) : 0;
    }
    if (fails) {
      ratio[1] = -5.21f;
      ratio[3] = -2.05f;
      ratio[5] = -0.62f;
      ratio[7] = 0.81f;
      ratio[2] = 1.42f;
    }
    float[] teacherLog = new float[student.length];
    for (int i = 0; i < student.length; i++) {
      teacherLog[i] = Math.min(0, student[i] + ratio[i]);
      ratio[i] = teacherLog[i] - student[i];
    }
    String feedback = fails ? "SyntaxError: expected { got ( SyntaxError: expected | got ;" : "";
    String closing = "\n\nCorrectly solve the original question.<asst>";
    String prompt =
        fails
            ? "<bos>"
                + question
                + "\nThe following is feedback from your unsuccessful earlier attempt:\n\n"
                + feedback
                + closing
            : "<bos>" + question + "<asst>";
    return new SampleRecord(
        step,
        question,
        question,
        String.join(" ", tokens.subList(0, tokens.size() - 1)),
        tokens,
        fails ? 0 : 1,
        true,
        feedback,
        null,
        prompt,
        fails && teacher,
        student,
        teacher ? teacherLog : null,
        teacher ? ratio : null,
        null,
        null);
  }

  /** Writes one samples.jsonl line into an existing run. */
  static void addSample(Path run, SampleRecord sample) throws IOException {
    Files.writeString(
        run.resolve("samples.jsonl"),
        Json.line(sample) + "\n",
        java.nio.file.StandardOpenOption.APPEND);
  }

  /** A sample with these texts, whatever they are. */
  static SampleRecord sampleOf(int step, String question, String token, @Nullable String feedback) {
    return new SampleRecord(
        step,
        question,
        question,
        token,
        List.of(token, "<eos>"),
        0,
        true,
        feedback == null ? "" : feedback,
        null,
        question + " " + feedback,
        true,
        new float[] {-1, -1},
        new float[] {-9, -1},
        new float[] {-8, 0},
        null,
        null);
  }
}
