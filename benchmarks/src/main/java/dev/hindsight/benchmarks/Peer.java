package dev.hindsight.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * A contender and the process that it runs in.
 *
 * @param command starts something that obeys the lines of {@link Worker}
 */
record Peer(String name, List<String> command) {
  /** PyTorch as one uses it, and with what it compiles. */
  static final List<String> PYTORCH = List.of("pytorch", "pytorch-compiled");

  /**
   * A {@link Worker}, with the flags of this JVM: the launcher's, and what HINDSIGHT_JAVA_OPTS
   * added to them.
   *
   * @param jar whose manifest names what the contender needs
   * @param flags of the JVM, after the others, so that they win
   */
  static Peer java(String name, String jar, List<String> flags) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(flags);
    command.addAll(List.of("-cp", jar, Worker.class.getName(), name));
    return new Peer(name, command);
  }

  /** PyTorch under Python, on its GPU. */
  static Peer python(String name, String script) {
    return new Peer(name, List.of("python3", script, name));
  }
}
