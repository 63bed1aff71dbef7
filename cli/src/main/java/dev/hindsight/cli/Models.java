package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;

/** Opens the models that commands are given. */
final class Models {
  private Models() {}

  /** Weights, configuration and tokenizer. */
  static ModelFolder open(Path given, Backend backend) throws IOException {
    return ModelFolder.load(Folders.input(given), backend, DType.F32);
  }

  /** Weights and configuration; a tokenizer need not be there. */
  static Decoder decoder(Path given, Backend backend) throws IOException {
    return ModelFolder.loadDecoder(Folders.input(given), backend, DType.F32);
  }

  /** Refuses a prompt that the model's context has no room for. */
  static void requireContext(int prompt, int answer, DecoderConfig config, String option) {
    if (prompt + answer > config.maxPositions()) {
      throw new Failure(
          option
              + ": "
              + prompt
              + " tokens"
              + (answer == 0 ? "" : " and an answer of up to " + answer)
              + " are more than the model's context of "
              + config.maxPositions()
              + " tokens; shorten it"
              + (answer == 0 ? "" : ", or lower --max-new-tokens"));
    }
  }
}
