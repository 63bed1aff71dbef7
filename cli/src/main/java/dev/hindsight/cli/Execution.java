package dev.hindsight.cli;

import dev.hindsight.engine.Backend;

/**
 * What runs are carried out with.
 *
 * @param jobs at a time
 * @param allThreads of the command: for what runs alone
 */
record Execution(Backend backend, int jobs, int allThreads, Screen screen, StopSignal stop) {
  RunQueue runs() {
    return new RunQueue(jobs, backend, screen, stop);
  }

  SearchQueue searches() {
    return new SearchQueue(jobs, backend, screen, stop);
  }
}
