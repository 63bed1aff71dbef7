package dev.hindsight.transformer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * {@code tokenizer.json} of a {@link WordTokenizer} in the format of Hugging Face's tokenizers: a
 * WordLevel model, with control tokens as added tokens and a pre-tokenizer that cuts text into the
 * longest words, so that the file means the same there.
 */
final class TokenizerJson {
  private static final long LIMIT = 64L << 20;
  private static final String SPLIT = "Split";

  private TokenizerJson() {}

  static void write(Path file, WordTokenizer tokenizer) throws IOException {
    List<Object> added = new ArrayList<>();
    for (String control : WordTokenizer.CONTROLS) {
      Map<String, Object> token = new LinkedHashMap<>();
      token.put("id", tokenizer.id(control));
      token.put("content", control);
      token.put("single_word", false);
      token.put("lstrip", false);
      token.put("rstrip", false);
      token.put("normalized", false);
      token.put("special", true);
      added.add(token);
    }
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    for (int id = 0; id < tokenizer.size(); id++) {
      vocabulary.put(tokenizer.token(id), id);
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "WordLevel");
    model.put("vocab", vocabulary);
    // no such word: text outside the vocabulary is an error there as it is here
    model.put("unk_token", "<unk>");

    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("truncation", null);
    root.put("padding", null);
    root.put("added_tokens", added);
    root.put("normalizer", null);
    root.put("pre_tokenizer", preTokenizer(tokenizer.vocabulary()));
    root.put("post_processor", null);
    root.put("decoder", null);
    root.put("model", model);
    JsonFiles.write(file, root);
  }

  /** Words are cut out where they stand; what is left between them and blank is dropped. */
  private static Map<String, Object> preTokenizer(List<String> vocabulary) {
    String words =
        vocabulary.stream()
            .skip(WordTokenizer.CONTROLS.size())
            .sorted(
                Comparator.<String>comparingInt(w -> -w.length())
                    .thenComparing(Comparator.naturalOrder()))
            .map(TokenizerJson::quote)
            .collect(Collectors.joining("|"));
    Map<String, Object> sequence = new LinkedHashMap<>();
    sequence.put("type", "Sequence");
    sequence.put(
        "pretokenizers", List.of(split(words, "Isolated"), split("\\A\\s+\\z", "Removed")));
    return sequence;
  }

  private static Map<String, Object> split(String regex, String behavior) {
    Map<String, Object> split = new LinkedHashMap<>();
    split.put("type", SPLIT);
    split.put("pattern", Map.of("Regex", regex));
    split.put("behavior", behavior);
    split.put("invert", false);
    return split;
  }

  private static String quote(String word) {
    StringBuilder quoted = new StringBuilder();
    word.chars()
        .forEach(
            c -> {
              if ("\\.[]{}()<>*+-=!?^$|/#&~".indexOf(c) >= 0) {
                quoted.append('\\');
              }
              quoted.append((char) c);
            });
    return quoted.toString();
  }

  static WordTokenizer read(Path file) throws IOException {
    JsonNode root = JsonFiles.readObject(file, LIMIT);
    JsonNode model = root.path("model");
    String type = model.path("type").asString("");
    if (!type.equals("WordLevel")) {
      throw new MalformedFileException(
          file,
          "model.type is '"
              + type
              + "'; this version reads WordLevel tokenizers, as `hindsight pretrain` writes them");
    }
    JsonNode vocab = model.path("vocab");
    if (!vocab.isObject() || vocab.isEmpty()) {
      throw new MalformedFileException(file, "model.vocab must be an object of words and ids");
    }
    String[] words = new String[vocab.size()];
    for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
      JsonNode id = entry.getValue();
      if (!id.isInt() || id.intValue() < 0 || id.intValue() >= words.length) {
        throw new MalformedFileException(
            file,
            "the id of word '"
                + entry.getKey()
                + "' is "
                + id
                + "; with "
                + words.length
                + " words, ids must be the integers 0 to "
                + (words.length - 1));
      }
      if (words[id.intValue()] != null) {
        throw new MalformedFileException(
            file,
            "words '" + words[id.intValue()] + "' and '" + entry.getKey() + "' share the id " + id);
      }
      words[id.intValue()] = entry.getKey();
    }
    WordTokenizer tokenizer;
    try {
      tokenizer = new WordTokenizer(List.of(words));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file, e.getMessage(), e);
    }
    requireControls(file, root.path("added_tokens"), tokenizer);
    requireSplit(file, root);
    return tokenizer;
  }

  private static void requireControls(Path file, JsonNode added, WordTokenizer tokenizer)
      throws MalformedFileException {
    List<String> controls = new ArrayList<>();
    for (JsonNode token : added) {
      String content = token.path("content").asString("");
      int id = token.path("id").asInt(-1);
      if (!WordTokenizer.CONTROLS.contains(content) || id != tokenizer.id(content)) {
        throw new MalformedFileException(
            file,
            "added token '"
                + content
                + "' with id "
                + id
                + " does not fit; expected are "
                + WordTokenizer.CONTROLS
                + " with ids 0 to 3");
      }
      controls.add(content);
    }
    if (controls.size() != WordTokenizer.CONTROLS.size()) {
      throw new MalformedFileException(
          file, "added_tokens must be " + WordTokenizer.CONTROLS + ", found " + controls);
    }
  }

  /** A file that cuts text in another way would be read with other tokens: refuse it. */
  private static void requireSplit(Path file, JsonNode root) throws MalformedFileException {
    JsonNode parts = root.path("pre_tokenizer").path("pretokenizers");
    boolean ours =
        parts.size() == 2
            && parts.path(0).path("type").asString("").equals(SPLIT)
            && parts.path(0).path("behavior").asString("").equals("Isolated")
            && root.path("normalizer").isNull();
    if (!ours) {
      throw new MalformedFileException(
          file,
          "its normalizer or pre_tokenizer cuts text in a way that this version does not know; it"
              + " reads WordLevel tokenizers as `hindsight pretrain` writes them");
    }
  }
}
