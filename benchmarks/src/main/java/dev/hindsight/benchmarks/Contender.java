package dev.hindsight.benchmarks;

import org.jspecify.annotations.Nullable;

/** A library that is measured. Found by {@link java.util.ServiceLoader} in its own process. */
public interface Contender {
  /** Its name in tables, such as {@code openblas}. */
  String name();

  /** Version, threads, and which kernels it chose. */
  String description();

  /**
   * Prepares a case.
   *
   * @return does the case's work once; null when this contender has no such thing
   */
  @Nullable Runnable prepare(Case work);

  /** What was computed where, when there is something to say at the end; empty otherwise. */
  default String summary() {
    return "";
  }

  /** Waits until the steps that were run are done, where they are only queued. */
  default void synchronise() {}
}
