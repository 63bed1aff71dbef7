package dev.hindsight.transformer;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model on disk: {@code config.json}, {@code model.safetensors} with Hugging Face's names, {@code
 * tokenizer.json}.
 *
 * @param decoder the weights
 * @param tokenizer its vocabulary
 */
public record ModelFolder(Decoder decoder, WordTokenizer tokenizer) {
  /** The file with the architecture. */
  public static final String CONFIG = "config.json";

  /** The file with the weights. */
  public static final String WEIGHTS = "model.safetensors";

  /** The file with the vocabulary. */
  public static final String TOKENIZER = "tokenizer.json";

  public ModelFolder {
    if (tokenizer.size() != decoder.config().vocabSize()) {
      throw new IllegalArgumentException(
          "model: the tokenizer has "
              + tokenizer.size()
              + " tokens, the decoder's vocab_size is "
              + decoder.config().vocabSize()
              + "; they do not belong together");
    }
  }

  /**
   * Loads a folder; weights convert to {@code dtype}.
   *
   * @throws MalformedFileException when a file is not what it should be, or two do not belong
   *     together
   * @throws IOException when one is missing or cannot be read
   */
  public static ModelFolder load(Path folder, Backend backend, DType dtype) throws IOException {
    Decoder decoder = loadDecoder(folder, backend, dtype);
    WordTokenizer tokenizer = loadTokenizer(folder);
    try {
      return new ModelFolder(decoder, tokenizer);
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(folder, String.valueOf(e.getMessage()), e);
    }
  }

  /** Loads the decoder alone: {@code config.json} and {@code model.safetensors}. */
  public static Decoder loadDecoder(Path folder, Backend backend, DType dtype) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(
          folder
              + (Files.exists(folder) ? " is no folder" : " does not exist")
              + "; a model is a folder with "
              + CONFIG
              + ", "
              + WEIGHTS
              + " and "
              + TOKENIZER);
    }
    DecoderConfig config = DecoderConfig.read(folder.resolve(CONFIG));
    Path weights = folder.resolve(WEIGHTS);
    if (!Files.exists(weights) && Files.exists(folder.resolve(WEIGHTS + ".index.json"))) {
      throw new IOException(
          folder + " holds its weights in several files; this version reads one " + WEIGHTS);
    }
    try (Safetensors file = Safetensors.open(weights)) {
      return new Decoder(config, readWeights(file, config, backend, dtype));
    }
  }

  private static Map<String, Tensor> readWeights(
      Safetensors file, DecoderConfig config, Backend backend, DType dtype)
      throws MalformedFileException {
    Map<String, Shape> shapes = DecoderParameters.shapes(config);
    for (String name : file.entries().keySet()) {
      // a tied head is sometimes stored twice, and old checkpoints keep RoPE's frequencies
      boolean known =
          shapes.containsKey(name)
              || name.equals(DecoderParameters.HEAD)
              || name.endsWith("rotary_emb.inv_freq");
      if (!known) {
        throw new MalformedFileException(
            file.file(),
            "tensor '"
                + name
                + "' belongs to no part of the decoder that "
                + CONFIG
                + " describes; the two files do not belong together");
      }
    }
    if (!shapes.containsKey(DecoderParameters.HEAD)
        && file.entries().containsKey(DecoderParameters.HEAD)) {
      file.requireShape(DecoderParameters.HEAD, Shape.of(config.vocabSize(), config.hiddenSize()));
    }
    Map<String, Tensor> weights = new LinkedHashMap<>();
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      file.requireFinite(entry.getKey());
      weights.put(
          entry.getKey(), file.readPersistent(backend, entry.getKey(), dtype, entry.getValue()));
    }
    return weights;
  }

  /** Loads {@code tokenizer.json} alone. */
  public static WordTokenizer loadTokenizer(Path folder) throws IOException {
    return TokenizerJson.read(folder.resolve(TOKENIZER));
  }

  /**
   * Writes the three files, each atomically; makes the folder when it is not there. The same model
   * gives the same bytes.
   */
  public void save(Path folder) throws IOException {
    Files.createDirectories(folder);
    TokenizerJson.write(folder.resolve(TOKENIZER), tokenizer);
    Map<String, Object> ids = new LinkedHashMap<>();
    ids.put("bos_token_id", tokenizer.bos());
    ids.put("eos_token_id", tokenizer.eos());
    ids.put("pad_token_id", tokenizer.pad());
    DecoderConfigJson.write(folder.resolve(CONFIG), decoder.config(), ids);
    // Hugging Face's loader asks for this entry
    Safetensors.write(folder.resolve(WEIGHTS), decoder.weights(), Map.of("format", "pt"));
  }
}
