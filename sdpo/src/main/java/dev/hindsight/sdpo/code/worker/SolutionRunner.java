package dev.hindsight.sdpo.code.worker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;

/**
 * The child that runs solutions. It is never told what a right answer is: it gives back what a
 * solution returned or printed, and the parent compares. So a solution that could forge an answer
 * of this process would still have to know the right one.
 *
 * <p>The answers go to the process's own standard output, which a solution never sees: while it
 * runs, {@code System.out} is a buffer. Each test has a class loader, a thread and streams of its
 * own. A test that does not end in time is reported, and the parent then kills the process.
 *
 * <p>Request and answers: see {@code Runner} in the parent, and {@link Trial}.
 */
public final class SolutionRunner {
  private final DataOutputStream out;
  private final int threads;

  private SolutionRunner(DataOutputStream out) {
    this.out = out;
    this.threads = threads();
  }

  /** Serves requests from standard input until it ends, which ends the process at once. */
  public static void main(String[] args) throws Exception {
    DataInputStream in = new DataInputStream(new FileInputStream(FileDescriptor.in));
    DataOutputStream out = new DataOutputStream(new FileOutputStream(FileDescriptor.out));
    detach();
    SynchronousQueue<byte[]> queue = new SynchronousQueue<>();
    Thread.ofPlatform().name("requests").daemon(true).start(() -> receive(in, queue));
    SolutionRunner runner = new SolutionRunner(out);
    Frames.write(out, Frames.READY.getBytes(StandardCharsets.UTF_8));
    while (true) {
      runner.serve(queue.take());
    }
  }

  /** Ends the process with its parent, whatever a solution does at that time. */
  private static void receive(DataInputStream in, SynchronousQueue<byte[]> queue) {
    try {
      while (true) {
        queue.put(Frames.read(in));
      }
    } catch (IOException | InterruptedException e) {
      Runtime.getRuntime().halt(0);
    }
  }

  /** Takes the process's own streams out of reach. */
  private static void detach() {
    System.setIn(InputStream.nullInputStream());
    PrintStream nowhere = new PrintStream(new Capture(0), false, StandardCharsets.UTF_8);
    System.setOut(nowhere);
    System.setErr(nowhere);
  }

  private void serve(byte[] message) throws IOException, InterruptedException {
    DataInputStream request = new DataInputStream(new ByteArrayInputStream(message));
    byte[] secret = request.readNBytes(Frames.SECRET);
    boolean function = request.readBoolean();
    String owner = Wire.text(request);
    String method = Wire.text(request);
    String descriptor = Wire.text(request);
    long stackBytes = request.readLong();
    int mostOutput = request.readInt();
    int limitMillis = request.readInt();
    Map<String, byte[]> classes = new LinkedHashMap<>();
    for (int n = request.readInt(); n > 0; n--) {
      classes.put(Wire.text(request), Wire.bytes(request));
    }
    int tests = request.readInt();
    for (int i = 0; i < tests; i++) {
      byte[] input = Wire.bytes(request);
      Trial trial = new Trial(classes, function, owner, method, descriptor, input, mostOutput);
      Stopwatch watch = new Stopwatch();
      boolean ended = run(trial, stackBytes, limitMillis, watch);
      byte[] outcome = ended ? trial.outcome() : Trial.TIMED_OUT;
      boolean replace = !ended || trial.exhausted() || threads() > threads || isFull();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(answer);
      data.write(secret);
      data.writeInt(i);
      data.writeInt(watch.millis());
      data.writeBoolean(replace);
      data.write(outcome);
      Frames.write(out, answer.toByteArray());
      if (replace) {
        return;
      }
    }
  }

  private static boolean run(Trial trial, long stackBytes, int limitMillis, Stopwatch watch)
      throws InterruptedException {
    trial.attach();
    Thread thread = new Thread(null, trial, "solution", stackBytes, false);
    thread.setDaemon(true);
    thread.start();
    thread.join(limitMillis);
    while (thread.isAlive() && !watch.isBeyond(limitMillis)) {
      thread.join(Math.max(10, limitMillis - watch.millis()));
    }
    boolean ended = !thread.isAlive();
    detach();
    return ended;
  }

  /** Threads that are alive, the virtual machine's own excepted. */
  private static int threads() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    Thread[] alive = new Thread[root.activeCount() + 64];
    return root.enumerate(alive);
  }

  /** Whether what earlier solutions left behind takes half of the heap. */
  private static boolean isFull() {
    Runtime runtime = Runtime.getRuntime();
    if (runtime.totalMemory() - runtime.freeMemory() < runtime.maxMemory() / 2) {
      return false;
    }
    System.gc();
    return runtime.totalMemory() - runtime.freeMemory() > runtime.maxMemory() / 2;
  }
}
