package dev.hindsight.tests.cli;

import dev.hindsight.cli.Main;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.dialect.DialectVocabulary;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.WordTokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs commands, in this process or in one of their own, with models of a few thousand weights. */
public final class Cli {
  private Cli() {}

  /** What a command left behind. */
  public record Outcome(int code, String out, String err) {}

  /** In this process. */
  public static Outcome run(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = new String[args.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = args[i].toString();
    }
    int code = Main.execute(new PrintWriter(out), new PrintWriter(err), words);
    return new Outcome(code, out.toString(), err.toString());
  }

  /** The command line of a process of its own. */
  public static List<String> command(Object... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    for (Object arg : args) {
      command.add(arg.toString());
    }
    return command;
  }

  /** An untrained model that reads and writes the words of the dialect environment. */
  public static Path tinyModel(Path folder, int context) throws IOException {
    WordTokenizer tokenizer = new WordTokenizer(DialectVocabulary.tokens());
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(tokenizer.size())
            .hiddenSize(16)
            .intermediateSize(32)
            .layers(1)
            .heads(2)
            .maxPositions(context)
            .tiedEmbeddings(true)
            .build();
    Decoder decoder = Decoder.initialise(config, Backends.get("reference"), DType.F32, 1);
    new ModelFolder(decoder, tokenizer).save(folder);
    return folder;
  }

  /** A configuration whose run takes a second or two. */
  public static Path tinyRun(Path file, Path model, int steps) throws IOException {
    return Files.writeString(
        file,
        """
        model: "%s"
        steps: %d
        train_batch_size: 2
        rollout: {n: 4}
        actor: {ppo_mini_batch_size: 2}
        evaluation: {questions: 8, teacher_questions: 4}
        record: {save_freq: 2}
        """
            .formatted(model, steps));
  }
}
