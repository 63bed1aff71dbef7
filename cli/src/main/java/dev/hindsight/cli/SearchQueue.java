package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Searches;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TestTimeSearch;
import dev.hindsight.sdpo.trainer.TestTimeSearch.Found;
import dev.hindsight.sdpo.trainer.TestTimeSearch.Way;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Searches for right answers, several at a time. What a search found is kept in a file of its own,
 * so that a stopped command goes on with those that are missing.
 */
final class SearchQueue {
  /**
   * One kind of search.
   *
   * @param label what messages call it
   * @param config with the environment and the update; its seed is replaced
   * @param window of multi-turn
   */
  record Arm(String label, Way way, TrainConfig config, int window) {}

  private final int jobs;
  private final Backend backend;
  private final Screen screen;
  private final StopSignal stop;

  SearchQueue(int jobs, Backend backend, Screen screen, StopSignal stop) {
    this.jobs = jobs;
    this.backend = backend;
    this.screen = screen;
    this.stop = stop;
  }

  /**
   * Searches with every seed for every question.
   *
   * @param folder of this arm
   * @return null after a stop
   */
  @Nullable Searches run(
      Arm arm, List<Question> questions, List<Long> seeds, long budget, Path folder)
      throws IOException {
    Files.createDirectories(folder);
    TrainConfig settings = arm.config().withSeed(0);
    String head =
        "# "
            + arm.way().name().toLowerCase(Locale.ROOT)
            + ", window "
            + arm.window()
            + ", at most "
            + budget
            + " attempts\n";
    Training.requireSame(folder, "searches", head, settings);
    AtomicFile.write(folder.resolve("config.yaml"), head + Configs.toYaml(settings));
    AtomicInteger done = new AtomicInteger();
    List<List<Future<Found>>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs);
        Progress progress = screen.progress(arm.label(), (long) seeds.size() * questions.size())) {
      for (long seed : seeds) {
        List<Future<Found>> ofSeed = new ArrayList<>();
        for (Question question : questions) {
          Path place = folder.resolve("seed-" + seed + "-" + name(question) + ".json");
          ofSeed.add(
              pool.submit(
                  () -> {
                    Found found = one(arm, question, seed, budget, place);
                    if (found != null) {
                      progress.update(done.incrementAndGet(), describe(found));
                    }
                    return found;
                  }));
        }
        running.add(ofSeed);
      }
      List<List<Found>> all = new ArrayList<>();
      for (List<Future<Found>> ofSeed : running) {
        List<Found> found = new ArrayList<>();
        for (Future<Found> search : ofSeed) {
          found.add(search.get());
        }
        all.add(found);
      }
      return stop.requested() ? null : new Searches(arm.way(), budget, all);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException r -> throw r;
        case Error error -> throw error;
        default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private @Nullable Found one(Arm arm, Question question, long seed, long budget, Path place)
      throws IOException {
    if (Files.exists(place)) {
      return Json.parse(Files.readString(place), Found.class);
    }
    if (stop.requested()) {
      return null;
    }
    TrainConfig config = arm.config().withSeed(seed);
    try (Environment environment = Environments.open(config.environment(), seed)) {
      TestTimeSearch search =
          new TestTimeSearch(config, environment, Models.base(config.model(), backend));
      Optional<Found> found =
          search.search(arm.way(), question, budget, arm.window(), stop::requested);
      if (found.isEmpty()) {
        return null;
      }
      AtomicFile.write(place, Json.pretty(found.get()));
      return found.get();
    }
  }

  /** An id as a file's name. */
  private static String name(Question question) {
    return question.id().replaceAll("[^A-Za-z0-9_.-]", "_")
        + "-"
        + Integer.toHexString(question.id().hashCode());
  }

  private static String describe(Found found) {
    String said =
        found.first() <= found.attempts()
            ? String.format(Locale.ROOT, "right after %,d attempts", found.first())
            : String.format(Locale.ROOT, "nothing in %,d attempts", found.attempts());
    return found.question() + ": " + said;
  }
}
