package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.dialect.DialectDocumentSource;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.transformer.AtomicFile;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.Pretrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run cost the rest of what its base could do: the loss on held-out documents of
 * pretraining, each in a dialect of its own, before and after.
 */
final class Forgetting {
  private static final int DOCUMENTS = 2048;

  private Forgetting() {}

  /** Measures a finished run, once, and keeps the result in its folder. */
  static void measure(Path run, String base, Backend backend) throws IOException {
    Path file = run.resolve(Metric.AFTERWARDS);
    if (Files.exists(file)) {
      return;
    }
    double before = loss(Models.base(base, backend).decoder());
    double after = loss(Models.open(run, backend).decoder());
    Map<String, Object> measured = new LinkedHashMap<>();
    measured.put("held_out_loss_of_base", before);
    measured.put("held_out_loss", after);
    measured.put("held_out_loss_rise", after - before);
    AtomicFile.write(file, Json.pretty(measured));
  }

  private static double loss(Decoder decoder) {
    DialectDocumentSource source = new DialectDocumentSource(0, 1, DOCUMENTS);
    try (Pretrainer reader = new Pretrainer(decoder, source, Pretrainer.Options.of(1, 1e-3))) {
      return reader.heldOutLoss().orElseThrow();
    }
  }
}
