package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.arithmetic.ArithmeticDocuments;
import dev.hindsight.sdpo.arithmetic.ArithmeticVocabulary;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.sdpo.dialect.DialectDocumentSource;
import dev.hindsight.sdpo.dialect.DialectVocabulary;
import dev.hindsight.sdpo.run.FolderLock;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.run.TensorBoardLog;
import dev.hindsight.transformer.AtomicFile;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.DocumentSource;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.Pretrainer;
import dev.hindsight.transformer.WordTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Trains a base model into a folder: {@code pretrain.yaml}, {@code metrics.jsonl}, {@code
 * checkpoints/pretraining.safetensors} while it goes on, and at its end the model itself. Where
 * asked for, {@code tensorboard/} has the metrics, too.
 */
final class Pretraining {
  static final String CONFIG = "pretrain.yaml";
  private static final String SUMMARY = "summary.json";

  /** What TensorBoard files a number under. */
  private static final Map<String, String> GROUPS =
      Map.of(
          "loss",
          "update",
          "grad_norm",
          "update",
          "learning_rate",
          "update",
          "held_out_loss",
          "held_out");

  private final PretrainConfig config;
  private final Backend backend;
  private final Path folder;
  private final Decoder decoder;
  private final Reading reading;
  private final WordTokenizer tokenizer;
  private final Pretrainer.Options options;
  private double loss = Double.NaN;
  private double heldOutLoss = Double.NaN;
  private long tokens;

  Pretraining(PretrainConfig config, Backend backend, Path folder) {
    this.config = config;
    this.backend = backend;
    this.folder = folder;
    this.reading = Reading.of(config);
    this.tokenizer = new WordTokenizer(reading.vocabulary());
    this.decoder =
        Decoder.initialise(
            shape(config.model(), tokenizer.size()), backend, DType.F32, config.seed());
    this.options = options(config);
  }

  /** What a base model reads, and the words that it is written in. */
  private record Reading(List<String> vocabulary, DocumentSource source) {
    static Reading of(PretrainConfig config) {
      long seed = config.seed();
      int batch = config.batchSize();
      int heldOut = config.evaluation().documents();
      return switch (config.documents()) {
        case "dialect" ->
            new Reading(
                DialectVocabulary.tokens(), new DialectDocumentSource(seed, batch, heldOut));
        case "arithmetic" ->
            new Reading(
                ArithmeticVocabulary.tokens(), ArithmeticDocuments.source(seed, batch, heldOut));
        default -> throw new IllegalStateException("documents: " + config.documents());
      };
    }
  }

  static Path checkpoint(Path folder) {
    return folder.resolve("checkpoints").resolve("pretraining.safetensors");
  }

  private static DecoderConfig shape(PretrainConfig.Model m, int vocabulary) {
    return DecoderConfig.builder()
        .vocabSize(vocabulary)
        .hiddenSize(m.hiddenSize())
        .intermediateSize(m.intermediateSize())
        .layers(m.numHiddenLayers())
        .heads(m.numAttentionHeads())
        .keyValueHeads(m.numKeyValueHeads())
        .maxPositions(m.maxPositionEmbeddings())
        .ropeTheta(m.ropeTheta())
        .normEpsilon(m.rmsNormEps())
        .tiedEmbeddings(true)
        .build();
  }

  private static Pretrainer.Options options(PretrainConfig config) {
    PretrainConfig.Optim o = config.optim();
    return new Pretrainer.Options(
        config.steps(),
        o.lr(),
        o.beta1(),
        o.beta2(),
        o.eps(),
        o.weightDecay(),
        o.gradClip(),
        o.lrWarmupSteps(),
        o.finalLrFraction(),
        config.evaluation().every(),
        config.checkpointEvery());
  }

  /**
   * Trains to the end, or until asked to stop; the state is on the disk either way.
   *
   * @param resume whether to go on from the folder's checkpoint
   * @return whether the end was reached
   */
  boolean run(boolean resume, Screen screen, StopSignal stop) throws IOException {
    long begin = System.nanoTime();
    Files.createDirectories(checkpoint(folder).getParent());
    try (var _ = FolderLock.acquire(checkpoint(folder).getParent());
        Pretrainer pretrainer = new Pretrainer(decoder, reading.source(), options)) {
      if (resume) {
        pretrainer.resume(checkpoint(folder));
        screen.say(
            String.format(
                Locale.ROOT,
                "  going on after step %,d of %,d",
                pretrainer.step(),
                config.steps()));
      }
      // only now: a resume with other settings was refused, and the file says what made the model
      AtomicFile.write(folder.resolve(CONFIG), Configs.toYaml(config));
      boolean complete;
      List<String> past = past(pretrainer.step());
      past.forEach(this::recall);
      if (pretrainer.step() == config.steps() && Files.exists(folder.resolve(SUMMARY))) {
        return true; // nothing is left to do, and what the run cost stands there
      }
      Files.write(metricsFile(), past);
      try (Writer metrics = Files.newBufferedWriter(metricsFile(), StandardOpenOption.APPEND);
          TensorBoardLog events = config.tensorboard() ? openEvents(past) : null;
          Progress progress = screen.progress("pretraining", config.steps())) {
        complete =
            pretrainer.run(
                checkpoint(folder), p -> record(p, metrics, events, progress), stop::requested);
      }
      if (complete) {
        finish(begin);
      }
      return complete;
    }
  }

  /** The metrics up to a step; what a killed run wrote after its last save is written again. */
  private List<String> past(long step) throws IOException {
    if (step == 0 || !Files.exists(metricsFile())) {
      return List.of();
    }
    // a torn line need not be UTF-8
    String all = new String(Files.readAllBytes(metricsFile()), StandardCharsets.UTF_8);
    return all.lines().filter(line -> stepOf(line) <= step).toList();
  }

  /** Takes up what a line of the metrics says. */
  private void recall(String line) {
    JsonNode of = JsonMapper.shared().readTree(line);
    loss = of.path("loss").asDouble(loss);
    heldOutLoss = of.path("held_out_loss").asDouble(heldOutLoss);
  }

  private Path metricsFile() {
    return folder.resolve("metrics.jsonl");
  }

  /** With the steps so far, all as of now: there is no record of when they were done. */
  private TensorBoardLog openEvents(List<String> past) throws IOException {
    double[] wallTimes = new double[past.size()];
    Arrays.fill(wallTimes, System.currentTimeMillis() * 1e-3);
    List<?> lines = past.stream().map(line -> Json.parse(line, Map.class)).toList();
    return TensorBoardLog.open(folder.resolve("tensorboard"), GROUPS, lines, wallTimes);
  }

  private static long stepOf(String line) {
    try {
      return JsonMapper.shared().readTree(line).path("step").asLong(Long.MAX_VALUE);
    } catch (JacksonException e) {
      return Long.MAX_VALUE; // the line that was being written when the run was killed
    }
  }

  private void record(
      Pretrainer.Progress p, Writer metrics, @Nullable TensorBoardLog events, Progress progress) {
    loss = p.loss();
    tokens = p.tokens();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", p.step());
    line.put("loss", p.loss());
    line.put("grad_norm", p.gradientNorm());
    line.put("learning_rate", p.learningRate());
    p.heldOutLoss()
        .ifPresent(
            held -> {
              heldOutLoss = held;
              line.put("held_out_loss", held);
            });
    try {
      metrics.write(Json.line(line) + "\n");
      metrics.flush();
      if (events != null) {
        events.append(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    progress.update(
        p.step(),
        String.format(Locale.ROOT, "loss %.3f", p.loss())
            + (Double.isNaN(heldOutLoss)
                ? ""
                : String.format(Locale.ROOT, ", held out %.3f", heldOutLoss)));
  }

  private void finish(long begin) throws IOException {
    new ModelFolder(decoder, tokenizer).save(folder);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("seed", config.seed());
    summary.put("steps", config.steps());
    summary.put("parameters", decoder.config().parameterCount());
    summary.put("loss", loss);
    summary.put("held_out_loss", heldOutLoss);
    summary.put("backend", backend.description());
    summary.put("threads", Threads.count());
    double seconds = (System.nanoTime() - begin) / 1e9;
    summary.put("wall_seconds", seconds);
    summary.put("tokens_per_second", tokens / seconds);
    AtomicFile.write(folder.resolve(SUMMARY), Json.pretty(summary));
  }

  /** Held-out loss at the end; NaN before. */
  double heldOutLoss() {
    return heldOutLoss;
  }

  long parameterCount() {
    return decoder.config().parameterCount();
  }
}
