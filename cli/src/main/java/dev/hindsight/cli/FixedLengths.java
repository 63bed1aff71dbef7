package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.dialect.DialectEnvironment;
import dev.hindsight.sdpo.dialect.Level;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Questions, answers and feedback of given lengths that mean nothing: for measuring what a step
 * costs where answers are long, which those of the dialect are not. Every answer fails and gets
 * feedback, so that every sample has a target.
 */
final class FixedLengths implements Environment {
  /** Tokens of the chat format around a message: {@code <bos>} and {@code <asst>}. */
  private static final int CHAT = 2;

  /** Tokens of the template around feedback: its heading and the closing line. */
  private static final int TEMPLATE = 2;

  private final Definition.Lengths lengths;
  private final PromptRenderer renderer = DialectEnvironment.of(Level.B, 0).renderer();
  private final List<Question> questions;
  private final String feedback;

  FixedLengths(Definition.Lengths lengths) {
    this.lengths = lengths;
    this.questions =
        IntStream.range(0, 64)
            .mapToObj(i -> new Question("q" + i, words(i, lengths.prompt() - CHAT)))
            .toList();
    this.feedback = words(999, lengths.reprompt() - lengths.prompt() - TEMPLATE);
  }

  private static String words(int stream, int count) {
    Philox random = new Philox(0, stream);
    return IntStream.range(0, count)
        .mapToObj(i -> Integer.toString(1 + random.nextInt(9)))
        .collect(Collectors.joining(" "));
  }

  @Override
  public String name() {
    return "lengths-" + lengths.prompt() + "-" + lengths.response() + "-" + lengths.reprompt();
  }

  @Override
  public List<Question> trainQuestions() {
    return questions.subList(0, 60);
  }

  @Override
  public List<Question> testQuestions() {
    return questions.subList(60, 64);
  }

  @Override
  public Verdict judge(Question question, String response, boolean finished) {
    return new Verdict(0, feedback);
  }

  @Override
  public PromptRenderer renderer() {
    return renderer;
  }

  @Override
  public int maxResponseTokens() {
    return lengths.response();
  }

  /**
   * A model of the given one's size whose context holds these lengths, with random weights. The
   * end-of-sequence token has logit 0, which the 20 likeliest of all are above: answers have full
   * length.
   */
  static void writeModel(Path like, Definition.Lengths lengths, Path folder, Backend backend)
      throws IOException {
    if (Files.exists(folder.resolve(ModelFolder.CONFIG))) {
      return;
    }
    ModelFolder given = ModelFolder.load(like, backend, DType.F32);
    DecoderConfig config =
        given.decoder().config().toBuilder()
            .maxPositions(lengths.reprompt() + lengths.response())
            .tiedEmbeddings(false)
            .build();
    Decoder decoder = Decoder.initialise(config, backend, DType.F32, 0);
    Map<String, Tensor> weights = new LinkedHashMap<>(decoder.weights());
    Tensor head = weights.get("lm_head.weight");
    int eos = given.tokenizer().eos();
    TensorOps.copy(
        TensorOps.zeros(backend, DType.F32, Shape.of(1, config.hiddenSize())),
        head.slice(0, eos, eos + 1));
    decoder.assign(weights);
    new ModelFolder(decoder, given.tokenizer()).save(folder);
  }
}
