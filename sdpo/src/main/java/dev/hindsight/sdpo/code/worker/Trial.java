package dev.hindsight.sdpo.code.worker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One solution on one test, with a class loader and streams of its own. Everything that calls code
 * of the solution, its exceptions' {@code getMessage} too, happens in {@link #run}, under the time
 * limit.
 */
public final class Trial implements Runnable {
  /** Outcome: a value came back. Followed by the value, then by what was printed. */
  public static final byte RETURNED = 0;

  /** Outcome: an exception; type, message, frames (method, line); then what was printed. */
  public static final byte THREW = 1;

  /** Outcome: out of time. */
  public static final byte OUT_OF_TIME = 2;

  /** Outcome: out of memory, and so much so that nothing more can be said. */
  public static final byte OUT_OF_MEMORY = 3;

  /** Outcome: it ended, and printed more than may be. */
  public static final byte FLOODED = 4;

  /** However busy the machine is, a test ends after so many times its limit by the clock. */
  public static final int PATIENCE = 4;

  static final byte[] TIMED_OUT = {OUT_OF_TIME};
  private static final byte[] EXHAUSTED = {OUT_OF_MEMORY};

  private static final int FRAMES = 3;
  private static final int LONGEST_MESSAGE = 2000;

  private final Map<String, byte[]> classes;
  private final boolean function;
  private final String owner;
  private final String method;
  private final String descriptor;
  private final byte[] input;
  private final Capture out;
  private final Capture err;

  private volatile boolean exhausted;
  private volatile byte @Nullable [] outcome;

  Trial(
      Map<String, byte[]> classes,
      boolean function,
      String owner,
      String method,
      String descriptor,
      byte[] input,
      int mostOutput) {
    this.classes = classes;
    this.function = function;
    this.owner = owner;
    this.method = method;
    this.descriptor = descriptor;
    this.input = input;
    this.out = new Capture(mostOutput);
    this.err = new Capture(mostOutput);
  }

  /** Puts this test's streams in place. */
  void attach() {
    System.setIn(function ? InputStream.nullInputStream() : new ByteArrayInputStream(input));
    System.setOut(new PrintStream(out, false, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, false, StandardCharsets.UTF_8));
  }

  /** What happened; valid once the thread has ended. */
  byte[] outcome() {
    byte[] known = outcome;
    return known == null ? EXHAUSTED : known;
  }

  /** Whether the heap ran full. */
  boolean exhausted() {
    return exhausted || outcome == null;
  }

  @Override
  public void run() {
    try {
      outcome = returned(call());
    } catch (Throwable thrown) {
      exhausted = thrown instanceof OutOfMemoryError;
      outcome = threw(thrown);
    }
  }

  private @Nullable Object call() throws Throwable {
    Class<?> type = Class.forName(owner, true, new Loader(classes));
    Method entry = null;
    for (Method candidate : type.getDeclaredMethods()) {
      if (candidate.getName().equals(method)
          && java.lang.invoke.MethodType.methodType(
                  candidate.getReturnType(), candidate.getParameterTypes())
              .descriptorString()
              .equals(descriptor)) {
        entry = candidate;
      }
    }
    if (entry == null) {
      throw new NoSuchMethodException(owner + "." + method + descriptor);
    }
    entry.setAccessible(true);
    try {
      Object self = null;
      if (!Modifier.isStatic(entry.getModifiers())) {
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        self = constructor.newInstance();
      }
      return entry.invoke(self, function ? arguments() : programArguments(entry));
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  private @Nullable Object[] arguments() throws IOException {
    DataInputStream data = new DataInputStream(new ByteArrayInputStream(input));
    Object[] arguments = new Object[data.readInt()];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = Wire.read(data);
    }
    return arguments;
  }

  private static Object[] programArguments(Method main) {
    return main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]};
  }

  private byte[] returned(@Nullable Object value) throws IOException {
    if (out.overflowed() || err.overflowed()) {
      return new byte[] {FLOODED};
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(bytes);
    data.writeByte(RETURNED);
    if (function) {
      Wire.write(data, value);
    }
    printed(data);
    return bytes.toByteArray();
  }

  private void printed(DataOutputStream data) throws IOException {
    Wire.bytes(data, out.bytes());
    Wire.bytes(data, err.bytes());
  }

  private byte @Nullable [] threw(Throwable thrown) {
    try {
      Throwable shown = thrown;
      if (thrown instanceof ExceptionInInitializerError e && e.getCause() != null) {
        shown = e.getCause();
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(bytes);
      data.writeByte(THREW);
      Wire.text(data, shown.getClass().getName());
      Wire.text(data, message(shown));
      List<StackTraceElement> frames = frames(shown);
      data.writeInt(frames.size());
      for (StackTraceElement frame : frames) {
        Wire.text(data, cut(frame.getMethodName()));
        data.writeInt(frame.getLineNumber());
      }
      printed(data);
      return bytes.toByteArray();
    } catch (IOException | OutOfMemoryError e) {
      exhausted = true;
      return null;
    }
  }

  private static String message(Throwable thrown) {
    try {
      String message = thrown.getMessage();
      return message == null ? "" : cut(message);
    } catch (Throwable e) {
      return ""; // a solution's own exception may have a getMessage that fails
    }
  }

  private List<StackTraceElement> frames(Throwable thrown) {
    List<StackTraceElement> frames = new ArrayList<>();
    try {
      for (StackTraceElement frame : thrown.getStackTrace()) {
        if (frames.size() < FRAMES && classes.containsKey(frame.getClassName())) {
          frames.add(frame);
        }
      }
    } catch (Throwable e) {
      frames.clear();
    }
    return frames;
  }

  private static String cut(String text) {
    return text.length() > LONGEST_MESSAGE ? text.substring(0, LONGEST_MESSAGE) : text;
  }

  /** Sees the JDK's java.base and the solution's own classes. */
  private static final class Loader extends ClassLoader {
    private final Map<String, byte[]> classes;

    Loader(Map<String, byte[]> classes) {
      super("solution", null);
      this.classes = classes;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      byte[] bytes = classes.get(name);
      if (bytes == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, bytes, 0, bytes.length);
    }
  }
}
