package dev.hindsight.cli;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Tensor;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Safetensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a model's logits for given tokens: what other implementations compare themselves with. */
@Command(
    name = "logits",
    description = {
      "Write a model's logits for a sequence of token ids.",
      "The file is safetensors with one float32 tensor 'logits' [tokens, vocabulary]: row i holds the"
          + " scores of the token after token i."
    },
    footer = {
      "  ./hindsight logits --model models/dialect-48x2 --tokens 1,12,24,2 \\",
      "      --out logits.safetensors"
    })
final class LogitsCommand extends HindsightCommand {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "The model's folder: config.json, model.safetensors.")
  Path model;

  @Option(
      names = "--tokens",
      required = true,
      split = ",",
      paramLabel = "ID",
      description = "Token ids, separated by commas.")
  int[] tokens;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The safetensors file to write; one that exists is replaced.")
  Path out;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (Files.isDirectory(out)) {
      throw new Failure(
          out + " is a folder; give --out a file, such as " + out + "/logits.safetensors");
    }
    Backend backend = compute.open();
    Decoder decoder = Models.decoder(model, backend);
    Models.requireContext(tokens.length, 0, decoder.config(), "--tokens");
    try (var _ = Autograd.noGrad()) {
      Tensor logits = decoder.logits(decoder.hidden(Batch.packed(List.of(tokens)))).tensor();
      Safetensors.write(out, Map.of("logits", logits), Map.of());
      screen.say("logits " + logits.shape() + " of " + model + ": " + out);
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("out", out.toString());
      result.put("tokens", logits.dim(0));
      result.put("vocabulary", logits.dim(1));
      result.put("backend", backend.description());
      screen.result(result);
    }
    return 0;
  }
}
