package dev.hindsight.sdpo.code.sandbox;

import dev.hindsight.sdpo.code.worker.Trial;
import dev.hindsight.sdpo.code.worker.Wire;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compiles and runs code that nobody has read. {@link #compile} refuses what is not on the
 * allowlist before anything is loaded; {@link #run} gives the program's values and output, and
 * never learns what is expected of them.
 *
 * <p>Children are started when first needed and kept warm. They end with this object, and with the
 * parent's process however that ends. Safe for use by several threads.
 */
public final class Sandbox implements AutoCloseable {
  /** Beyond a test's own limit, before a child that says nothing is killed. */
  private static final int GRACE_MILLIS = 1500;

  /** Inputs of one request, in bytes; the rest goes into the next. */
  private static final int REQUEST_BYTES = 8 << 20;

  /** Children that a program may take down before its other tests are left alone. */
  private static final int MOST_DEATHS = 3;

  private final SandboxLimits limits;
  private final Allowlist allowlist;
  private final Launch launch;
  private final Isolation isolation;
  private final WorkerPool compilers;
  private final WorkerPool runners;

  /**
   * A sandbox under the strongest isolation that works on this machine, which is tried once.
   *
   * @throws IllegalStateException when no child starts at all; the message has the reason
   */
  public Sandbox(SandboxLimits limits) {
    this(limits, Allowlist.JAVA_BASE, List.of(Isolation.values()));
  }

  /** For tests: with another allowlist, and with some of the layers left out. */
  Sandbox(SandboxLimits limits, Allowlist allowlist, List<Isolation> allowed) {
    this.limits = limits;
    this.allowlist = allowlist;
    this.launch = new Launch(limits.memoryMegabytes());
    this.isolation = probe(launch, allowed);
    this.compilers =
        new WorkerPool(
            limits.workers(), () -> Worker.start(launch.compiler(isolation), launch.root()));
    this.runners =
        new WorkerPool(
            limits.workers(), () -> Worker.start(launch.runner(isolation), launch.root()));
  }

  private static Isolation probe(Launch launch, List<Isolation> allowed) {
    List<String> reasons = new ArrayList<>();
    for (Isolation isolation : allowed) {
      try {
        Worker.start(launch.runner(isolation), launch.root()).close();
        return isolation;
      } catch (WorkerLostException e) {
        reasons.add(isolation + ": " + e.getMessage());
      }
    }
    launch.close();
    throw new IllegalStateException(
        "sandbox: no child JVM starts, so no code can be judged; "
            + String.join("; ", reasons)
            + ". Check that the JDK and the folder for temporary files can be used from a child"
            + " process.");
  }

  /** The limits that programs run under. */
  public SandboxLimits limits() {
    return limits;
  }

  /** How the operating system confines the children here. */
  public Isolation isolation() {
    return isolation;
  }

  /** The layers that are active, in words, from the inside out. */
  public List<String> layers() {
    List<String> layers = new ArrayList<>();
    layers.add("an allowlist over the class files");
    layers.add("a JVM of its own with " + limits.memoryMegabytes() + " MB of heap, and a watchdog");
    layers.addAll(isolation.layers());
    if (launch.isAsNobody()) {
      layers.add("the user nobody in place of root");
    }
    return List.copyOf(layers);
  }

  // ---------------------------------------------------------------- compile

  /** Compiles a source and holds it against the allowlist. Loads nothing. */
  public Compilation compile(String source) {
    if (source.length() > limits.sourceCharacters()) {
      return failed(
          "the code has "
              + source.length()
              + " characters, at most "
              + limits.sourceCharacters()
              + " are compiled");
    }
    Worker worker = take(compilers);
    try {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      Wire.text(new DataOutputStream(body), source);
      worker.request(body.toByteArray());
      byte[] answer = worker.answer(after(limits.compileMillis()));
      Compilation compilation = compilation(new DataInputStream(new ByteArrayInputStream(answer)));
      compilers.giveBack(worker);
      return compilation;
    } catch (WorkerLostException e) {
      compilers.giveUp(worker);
      return failed(
          e.outOfTime()
              ? "the compiler took more than " + seconds(limits.compileMillis())
              : "the compiler gave up on this code; it may need too much memory");
    } catch (IOException e) {
      compilers.giveUp(worker);
      throw new IllegalStateException("sandbox: the compiler's answer is damaged", e);
    }
  }

  private Compilation compilation(DataInputStream answer) throws IOException {
    boolean compiled = answer.readBoolean();
    List<CompileError> errors = new ArrayList<>();
    for (int n = answer.readInt(); n > 0; n--) {
      errors.add(new CompileError(answer.readInt(), Wire.text(answer)));
    }
    if (!compiled) {
      return new Compilation.Failed(errors);
    }
    Map<String, byte[]> classes = new LinkedHashMap<>();
    for (int n = answer.readInt(); n > 0; n--) {
      classes.put(Wire.text(answer), Wire.bytes(answer));
    }
    List<CompileError> refused = new ClassFileCheck(allowlist, classes).refusals();
    return refused.isEmpty() ? new Compilation.Compiled(classes) : new Compilation.Failed(refused);
  }

  private static Compilation failed(String why) {
    return new Compilation.Failed(List.of(new CompileError(0, why)));
  }

  // -------------------------------------------------------------------- run

  /**
   * Runs a program on each input, each time anew: no state is left between two of them.
   *
   * @param inputs for a {@code main} the bytes of standard input; for a function its arguments, as
   *     {@link #arguments} writes them
   * @return one outcome an input, in order
   */
  public List<Outcome> run(Program program, List<byte[]> inputs) {
    Budget budget = new Budget(limits.totalMillis());
    List<Outcome> outcomes = new ArrayList<>();
    int deaths = 0;
    while (outcomes.size() < inputs.size()) {
      if (budget.left() <= 0) {
        outcomes.add(new Outcome.TimedOut());
      } else if (deaths == MOST_DEATHS) {
        outcomes.add(new Outcome.Died("earlier tests took their processes down"));
      } else {
        int from = outcomes.size();
        if (!runSome(program, batch(inputs, from), budget, outcomes)) {
          deaths++;
        }
      }
    }
    return outcomes;
  }

  /** The time for all tests of a program: what children say that counts, within the clock's. */
  private static final class Budget {
    private final long end;
    private int left;

    Budget(int millis) {
      this.left = millis;
      this.end = after(Trial.PATIENCE * millis);
    }

    int left() {
      return System.nanoTime() >= end ? 0 : left;
    }

    void spend(int millis) {
      left -= Math.max(0, millis);
    }
  }

  private static List<byte[]> batch(List<byte[]> inputs, int from) {
    int to = from;
    for (long bytes = 0; to < inputs.size(); to++) {
      bytes += inputs.get(to).length;
      if (to > from && bytes > REQUEST_BYTES) {
        break;
      }
    }
    return inputs.subList(from, to);
  }

  /** Runs tests on one child until one of them costs it; false when it was lost without a word. */
  private boolean runSome(
      Program program, List<byte[]> inputs, Budget budget, List<Outcome> outcomes) {
    Worker worker = take(runners);
    boolean healthy = false;
    try {
      int testMillis = Math.min(limits.testMillis(), budget.left());
      worker.request(request(program, inputs, testMillis));
      for (int i = 0; i < inputs.size(); i++) {
        healthy = false;
        byte[] answer = worker.answer(after(Trial.PATIENCE * testMillis + GRACE_MILLIS));
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(answer));
        if (data.readInt() != i) {
          throw new WorkerLostException("its answer is that of another test", false);
        }
        budget.spend(data.readInt());
        boolean replace = data.readBoolean();
        outcomes.add(outcome(data, program.function()));
        boolean last = i + 1 == inputs.size();
        healthy = !replace && last;
        if (replace || (!last && budget.left() <= 0)) {
          break;
        }
      }
      return true;
    } catch (WorkerLostException e) {
      healthy = false;
      if (e.outOfTime()) {
        budget.spend(limits.testMillis());
      }
      outcomes.add(e.outOfTime() ? new Outcome.TimedOut() : new Outcome.Died(e.getMessage()));
      return e.outOfTime();
    } catch (IOException e) {
      healthy = false;
      outcomes.add(new Outcome.Died("its answer is damaged: " + e.getMessage()));
      return false;
    } finally {
      if (healthy) {
        runners.giveBack(worker);
      } else {
        runners.giveUp(worker);
      }
    }
  }

  private byte[] request(Program program, List<byte[]> inputs, int testMillis) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream body = new DataOutputStream(bytes);
    body.writeBoolean(program.function());
    Wire.text(body, program.owner());
    Wire.text(body, program.method());
    Wire.text(body, program.descriptor());
    body.writeLong((long) limits.stackMegabytes() << 20);
    body.writeInt(limits.outputBytes());
    body.writeInt(testMillis);
    body.writeInt(program.classes().size());
    for (Map.Entry<String, byte[]> type : program.classes().entrySet()) {
      Wire.text(body, type.getKey());
      Wire.bytes(body, type.getValue());
    }
    body.writeInt(inputs.size());
    for (byte[] input : inputs) {
      Wire.bytes(body, input);
    }
    return bytes.toByteArray();
  }

  private Outcome outcome(DataInputStream data, boolean function) throws IOException {
    byte kind = data.readByte();
    return switch (kind) {
      case Trial.RETURNED -> {
        Object value = function ? Wire.read(data) : null;
        yield new Outcome.Ended(value, utf8(Wire.bytes(data)), utf8(Wire.bytes(data)));
      }
      case Trial.THREW -> {
        String type = Wire.text(data);
        String message = Wire.text(data);
        List<Outcome.Frame> frames = new ArrayList<>();
        for (int n = Math.min(3, data.readInt()); n > 0; n--) {
          frames.add(new Outcome.Frame(Wire.text(data), data.readInt()));
        }
        yield new Outcome.Threw(type, message, frames);
      }
      case Trial.OUT_OF_TIME -> new Outcome.TimedOut();
      case Trial.OUT_OF_MEMORY ->
          new Outcome.Threw("java.lang.OutOfMemoryError", "Java heap space", List.of());
      case Trial.FLOODED ->
          new Outcome.Threw(
              "OutputLimitExceeded",
              "printed more than " + limits.outputBytes() + " bytes",
              List.of());
      default -> throw new IOException("outcome " + kind);
    };
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /**
   * Arguments of a function, as {@link #run} wants them.
   *
   * @throws IllegalArgumentException when one is of a kind that cannot be passed, or too large
   */
  public static byte[] arguments(List<?> arguments) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(bytes);
      data.writeInt(arguments.size());
      for (Object argument : arguments) {
        Wire.write(data, argument);
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Worker take(WorkerPool pool) {
    try {
      return pool.take();
    } catch (WorkerLostException e) {
      throw new IllegalStateException(
          "sandbox: a child JVM does not start (" + e.getMessage() + "), though one did before", e);
    }
  }

  private static long after(int millis) {
    return System.nanoTime() + millis * 1_000_000L;
  }

  private static String seconds(int millis) {
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  @Override
  public void close() {
    compilers.close();
    runners.close();
    launch.close();
  }
}
