package dev.hindsight.sdpo.code.sandbox;

import java.util.List;

/** How the operating system confines a child, strongest first. */
public enum Isolation {
  /**
   * Namespaces, and a root folder that holds the JDK and the system's libraries, read-only, and
   * nothing else.
   */
  PRIVATE_ROOT(
      "limits of processor time, memory, files and processes",
      "namespaces: no network, no other processes",
      "a private root: no files but the JDK's and the system's libraries, read-only"),
  /** Namespaces: no network, no sight of other processes, and a limit on their number. */
  NAMESPACES(
      "limits of processor time, memory, files and processes",
      "namespaces: no network, no other processes"),
  /** Processor time, address space, open files, and none to write. */
  LIMITS("limits of processor time, memory and files"),
  /** Nothing, where there is no {@code /bin/sh}. */
  PLAIN;

  private final List<String> layers;

  Isolation(String... layers) {
    this.layers = List.of(layers);
  }

  /** What this adds to the allowlist and to a JVM of its own, in words. */
  public List<String> layers() {
    return layers;
  }
}
