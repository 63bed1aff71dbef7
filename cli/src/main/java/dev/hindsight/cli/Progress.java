package dev.hindsight.cli;

import java.io.Console;
import java.util.Locale;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** How far a piece of work is: a bar on a terminal, now and then a line elsewhere. */
interface Progress extends AutoCloseable {
  /**
   * Tells that {@code step} steps are done.
   *
   * @param message what the step found, a few words
   */
  void update(long step, String message);

  @Override
  void close();

  /** Says nothing. */
  static Progress none() {
    return new Progress() {
      @Override
      public void update(long step, String message) {}

      @Override
      public void close() {}
    };
  }

  /** Whether somebody is looking at a terminal. */
  static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
  }

  /** A bar with the time left, on standard error. */
  static Progress bar(String task, long steps) {
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
            .setUpdateIntervalMillis(200)
            .continuousUpdate()
            .build();
    return new Progress() {
      @Override
      public void update(long step, String message) {
        bar.stepTo(step);
        bar.setExtraMessage(" " + message);
      }

      @Override
      public void close() {
        bar.close();
      }
    };
  }

  /** A line for every tenth of the work, and at least every 20 seconds. */
  static Progress lines(String task, long steps, Consumer<String> out) {
    return new Progress() {
      private static final long PATIENCE_NANOS = 20_000_000_000L;
      private long nextStep = 1;
      private long lastTime = System.nanoTime();

      @Override
      public void update(long step, String message) {
        long now = System.nanoTime();
        if (step < nextStep && step < steps && now - lastTime < PATIENCE_NANOS) {
          return;
        }
        out.accept(String.format(Locale.ROOT, "  %s %,d/%,d  %s", task, step, steps, message));
        long tenth = Math.max(1, steps / 10);
        nextStep = (step / tenth + 1) * tenth;
        lastTime = now;
      }

      @Override
      public void close() {}
    };
  }
}
