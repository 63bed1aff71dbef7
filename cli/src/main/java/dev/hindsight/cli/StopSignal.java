package dev.hindsight.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM, taken politely: the work is asked to stop between two steps, and the process
 * does not end before it has saved its state and said how to go on.
 */
final class StopSignal implements AutoCloseable {
  /** Longer than any step: after this the process ends, and a resume starts from the last save. */
  private static final long PATIENCE_SECONDS = 120;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook;
  private final List<Runnable> actions = new ArrayList<>();
  private volatile boolean requested;

  StopSignal(Screen screen) {
    hook =
        new Thread(
            () -> {
              request();
              screen.warn("hindsight: stopping after this step to save the state ...");
              try {
                if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                  screen.warn("hindsight: the step takes too long; ending without a save");
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "hindsight-stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private synchronized void request() {
    requested = true;
    actions.forEach(Runnable::run);
  }

  /** Has something done, once, when the work is to stop; at once if it is already. */
  synchronized void onRequest(Runnable action) {
    actions.add(action);
    if (requested) {
      action.run();
    }
  }

  /** Whether the work is to stop. */
  boolean requested() {
    return requested;
  }

  /** Lets the process end. */
  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the process is ending already: the hook has been told
    }
  }
}
