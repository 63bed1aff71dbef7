package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Philox;
import dev.hindsight.transformer.Completion;
import dev.hindsight.transformer.Generator;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.SamplingOptions;
import dev.hindsight.transformer.WordTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lets a model answer. */
@Command(
    name = "generate",
    description = "Let a model answer a prompt.",
    footer = {
      "  ./hindsight generate --model models/dialect-48x2 --prompt \"max 4 9 2\"",
      "  ./hindsight generate --model runs/quickstart/sdpo --prompt \"rng 7 3\" \\",
      "      --temperature 0",
      "  ./hindsight generate --model models/dialect-48x2 \\",
      "      --raw --prompt \"<bos>add 1 2<asst>\" -n 5"
    })
final class GenerateCommand extends HindsightCommand {
  private static final long STREAM = 0x6765_6E65_7261_7465L;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "The model's folder, or a run's, whose newest checkpoint is taken.")
  Path model;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "What to answer; put into the model's chat format unless --raw.")
  String prompt;

  @Option(
      names = "--raw",
      description = "Take the prompt as it is, control tokens such as <bos> included.")
  boolean raw;

  @Option(
      names = {"-n", "--answers"},
      paramLabel = "N",
      defaultValue = "1",
      description = "How many answers to sample (default: 1).")
  int answers;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "1",
      description = "Divides the logits; 0 takes the most likely token (default: 1).")
  double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Keep the K most likely tokens; 0 keeps all (default: 0).")
  int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Keep the fewest tokens whose probabilities reach P (default: 1, all).")
  double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description = "Keep tokens of at least P times the largest probability (default: 0, all).")
  double minP;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      defaultValue = "14",
      description = "Most tokens of an answer (default: 14).")
  int maxNewTokens;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (answers < 1) {
      throw new Failure("-n: got " + answers + ", expected at least 1");
    }
    Backend backend = compute.open();
    ModelFolder folder = Models.open(model, backend);
    WordTokenizer tokenizer = folder.tokenizer();
    int[] tokens = encode(tokenizer);
    SamplingOptions options =
        SamplingOptions.sampling(maxNewTokens, tokenizer.eos())
            .withTemperature(temperature)
            .withTopK(topK)
            .withTopP(topP)
            .withMinP(minP);
    Models.requireContext(tokens.length, maxNewTokens, folder.decoder().config(), "--prompt");
    List<int[]> prompts = new ArrayList<>();
    List<Philox> streams = new ArrayList<>();
    for (int i = 0; i < answers; i++) {
      prompts.add(tokens);
      streams.add(new Philox(compute.seedOr(0), STREAM).split(i));
    }
    List<Completion> completions;
    try (Generator generator = new Generator(folder.decoder())) {
      completions = generator.generate(prompts, streams, options);
    }
    List<Map<String, Object>> all = new ArrayList<>();
    for (Completion c : completions) {
      int[] body = c.finished() ? Arrays.copyOf(c.tokens(), c.length() - 1) : c.tokens();
      double logProb = 0;
      for (float p : c.logProbs()) {
        logProb += p;
      }
      String text = tokenizer.decode(body);
      screen.result(
          String.format(
              Locale.ROOT, "%s%s   (log p %.3f)", text, c.finished() ? "" : " ...", logProb));
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("text", text);
      entry.put("tokens", c.tokens());
      entry.put("log_probs", c.logProbs());
      entry.put("finished", c.finished());
      all.add(entry);
    }
    screen.result(Map.of("prompt_tokens", tokens, "completions", all));
    return 0;
  }

  /** The prompt's tokens; the chat format is that of the built-in models: bos, text, asst. */
  private int[] encode(WordTokenizer tokenizer) {
    if (raw) {
      return tokenizer.encodeControl(prompt);
    }
    int[] text = tokenizer.encode(prompt);
    int[] all = new int[text.length + 2];
    all[0] = tokenizer.bos();
    System.arraycopy(text, 0, all, 1, text.length);
    all[all.length - 1] = tokenizer.assistant();
    return all;
  }
}
