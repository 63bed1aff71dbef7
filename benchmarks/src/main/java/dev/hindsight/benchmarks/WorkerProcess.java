package dev.hindsight.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A {@link Worker} seen from outside. */
final class WorkerProcess implements AutoCloseable {
  private final String name;
  private final Process process;
  private final OutputStream in;
  private final BufferedReader out;

  /**
   * Starts one.
   *
   * @param jar whose manifest names what the contender needs
   * @param environment variables to set, such as thread counts
   */
  WorkerProcess(String name, String jar, Map<String, String> environment) throws IOException {
    this.name = name;
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    // the launcher's flags, and what HINDSIGHT_JAVA_OPTS added to them
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", jar, Worker.class.getName(), name));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    this.process = builder.start();
    this.in = process.getOutputStream();
    this.out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  String name() {
    return name;
  }

  /** Sends a line and waits for its answer. */
  String ask(String line) throws IOException {
    try {
      in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
      for (String answer = out.readLine(); answer != null; answer = out.readLine()) {
        if (answer.startsWith(Worker.ANSWER)) {
          return answer.substring(Worker.ANSWER.length());
        }
      }
    } catch (IOException broken) {
      // told below, as the end of the process is
    }
    throw new IOException("bench: the process of " + name + " ended at '" + line + "'");
  }

  double number(String line) throws IOException {
    return Double.parseDouble(ask(line));
  }

  @Override
  public void close() throws IOException {
    in.close();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
