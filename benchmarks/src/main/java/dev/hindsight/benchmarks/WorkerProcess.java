package dev.hindsight.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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
   * @param environment variables to set, such as thread counts
   */
  WorkerProcess(Peer peer, Map<String, String> environment) throws IOException {
    this.name = peer.name();
    ProcessBuilder builder = new ProcessBuilder(peer.command());
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

  /** The backend has no such device; the message begins with the option. */
  static final class NoDeviceException extends IOException {
    NoDeviceException(String message) {
      super(message);
    }
  }

  /** Sends a line and waits for its answer, which has to be one. */
  String ask(String line) throws IOException {
    String answer = askAnyway(line);
    if (answer.startsWith(Worker.NO_DEVICE)) {
      throw new NoDeviceException("--" + answer.substring(Worker.ERROR.length()));
    }
    if (answer.startsWith(Worker.ERROR)) {
      throw new IOException("bench: " + name + ": " + answer.substring(Worker.ERROR.length()));
    }
    return answer;
  }

  /** Sends a line and waits for its answer, which may begin with {@link Worker#ERROR}. */
  String askAnyway(String line) throws IOException {
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
  public void close() {
    try {
      in.close();
    } catch (IOException ended) {
      // what was not sent to a process that has ended; ask has told
    }
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
