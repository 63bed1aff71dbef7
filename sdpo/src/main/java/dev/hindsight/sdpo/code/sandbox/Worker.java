package dev.hindsight.sdpo.code.sandbox;

import dev.hindsight.sdpo.code.worker.Frames;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A child process and the pipes to it. Every request has a secret, new random bytes that the child
 * repeats in its answers: what does not begin with them is no answer, and the child is given up.
 */
final class Worker implements AutoCloseable {
  private static final int START_MILLIS = 30_000;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final byte[] END = new byte[0];

  private final Process process;
  private final DataOutputStream out;
  private final BlockingQueue<byte[]> messages = new ArrayBlockingQueue<>(4);
  private final StringBuffer said = new StringBuffer();
  private volatile boolean closed;
  private byte[] secret = END;
  private int requests;

  private Worker(Process process) {
    this.process = process;
    this.out = new DataOutputStream(process.getOutputStream());
  }

  /**
   * Starts a child and waits until it is ready.
   *
   * @throws WorkerLostException when it does not get that far; the message has what it said
   */
  static Worker start(List<String> command, Path folder) throws WorkerLostException {
    Process process;
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().clear();
      builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
      builder.environment().put("LC_ALL", "C.UTF-8");
      builder.environment().put("MALLOC_ARENA_MAX", "1"); // each takes 64 MB of address space
      process = builder.start();
    } catch (IOException e) {
      throw new WorkerLostException(String.valueOf(e.getMessage()), false);
    }
    Worker worker = new Worker(process);
    daemon("sandbox-answers", worker::receive);
    daemon("sandbox-errors", worker::listen);
    try {
      byte[] first = worker.next(System.nanoTime() + START_MILLIS * 1_000_000L);
      if (!Arrays.equals(first, Frames.READY.getBytes(StandardCharsets.UTF_8))) {
        throw new WorkerLostException("it began with something else than its greeting", false);
      }
      return worker;
    } catch (WorkerLostException e) {
      worker.close();
      throw new WorkerLostException(e.getMessage() + worker.lastWords(), e.outOfTime());
    }
  }

  private static void daemon(String name, Runnable task) {
    Thread.ofPlatform().name(name).daemon(true).start(task);
  }

  private void receive() {
    try (DataInputStream in = new DataInputStream(process.getInputStream())) {
      while (true) {
        messages.put(Frames.read(in));
      }
    } catch (IOException | InterruptedException e) {
      while (!closed && !offerEnd()) {
        // the queue is full: the reader takes from it, or closes us
      }
    }
  }

  private boolean offerEnd() {
    try {
      return messages.offer(END, 100, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return true;
    }
  }

  private void listen() {
    byte[] some = new byte[1024];
    try (InputStream err = process.getErrorStream()) {
      for (int n = err.read(some); n >= 0; n = err.read(some)) {
        if (said.length() < 2000) {
          said.append(new String(some, 0, n, StandardCharsets.UTF_8));
        }
      }
    } catch (IOException e) {
      // it has ended
    }
  }

  /** What the child wrote to its standard error, for people. */
  private String lastWords() {
    try {
      process.waitFor(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return said.isEmpty() ? "" : "; it said: " + said.toString().strip();
  }

  /** Sends a request: a new secret, then {@code body}. */
  void request(byte[] body) throws WorkerLostException {
    secret = new byte[Frames.SECRET];
    RANDOM.nextBytes(secret);
    byte[] message = Arrays.copyOf(secret, secret.length + body.length);
    System.arraycopy(body, 0, message, secret.length, body.length);
    requests++;
    try {
      Frames.write(out, message);
    } catch (IOException e) {
      throw new WorkerLostException("it took no request: " + e.getMessage(), false);
    }
  }

  /** The next answer to the request, without its secret. */
  byte[] answer(long deadlineNanos) throws WorkerLostException {
    byte[] message = next(deadlineNanos);
    if (message.length < secret.length
        || !MessageDigest.isEqual(Arrays.copyOf(message, secret.length), secret)) {
      throw new WorkerLostException("what it sent is no answer to the request", false);
    }
    return Arrays.copyOfRange(message, secret.length, message.length);
  }

  private byte[] next(long deadlineNanos) throws WorkerLostException {
    byte[] message;
    try {
      message = messages.poll(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WorkerLostException("interrupted", false);
    }
    if (message == null) {
      throw new WorkerLostException("it did not answer in time", true);
    }
    if (message == END) {
      throw new WorkerLostException("the process ended without a result", false);
    }
    return message;
  }

  /** Requests that this child has had. */
  int requests() {
    return requests;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public void close() {
    closed = true;
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    messages.clear();
  }
}
