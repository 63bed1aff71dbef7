package dev.hindsight.cli;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a quickstart was asked for, so that one that was stopped can go on.
 *
 * @param seed of the runs
 * @param model folder of the base model; not used when {@code fromScratch}
 * @param fromScratch whether the base model is pretrained first
 * @param steps generation steps of each run
 */
record QuickstartState(long seed, String model, boolean fromScratch, int steps) {
  static final String FILE = "quickstart.json";

  void write(Path folder) throws IOException {
    AtomicFile.write(folder.resolve(FILE), Json.pretty(this));
  }

  static QuickstartState read(Path folder) throws IOException {
    return Json.parse(Files.readString(folder.resolve(FILE)), QuickstartState.class);
  }
}
