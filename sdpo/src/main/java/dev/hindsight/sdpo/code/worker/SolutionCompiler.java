package dev.hindsight.sdpo.code.worker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * The child that compiles: source in, class files out, both in memory. It loads nothing that it
 * compiled. A source that costs javac too much time or memory costs this process, not the parent.
 *
 * <p>Request: secret, source. Answer: secret, whether it compiled, the errors (line, message), the
 * classes (name, bytes).
 */
public final class SolutionCompiler {
  /** What compilers call the source. */
  public static final String FILE = "Solution.java";

  private static final List<String> OPTIONS =
      List.of(
          "-proc:none", // annotation processors are code that would run here
          "-g:source,lines",
          "-Xlint:none",
          "-nowarn",
          "-Xmaxerrs",
          "3",
          "--limit-modules",
          "java.base");

  private static final String WARM_UP =
      """
      import java.util.*;
      class Solution {
        int f(int[] a, List<String> names) {
          Map<Integer, List<String>> m = new TreeMap<>();
          for (int x : a) m.computeIfAbsent(x, k -> new ArrayList<>()).addAll(names);
          return m.values().stream().mapToInt(List::size).sum();
        }
      }
      """;

  private final JavaCompiler compiler;
  private final StandardJavaFileManager files;

  private SolutionCompiler(JavaCompiler compiler) throws IOException {
    this.compiler = compiler;
    this.files = compiler.getStandardFileManager(null, Locale.ROOT, null);
    files.setLocation(StandardLocation.CLASS_PATH, List.of());
  }

  /** Serves requests from standard input until it ends. */
  public static void main(String[] args) throws IOException {
    DataInputStream in = new DataInputStream(new FileInputStream(FileDescriptor.in));
    DataOutputStream out = new DataOutputStream(new FileOutputStream(FileDescriptor.out));
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    if (javac == null) {
      throw new IllegalStateException(
          System.getProperty("java.home") + " has no compiler; run Hindsight with a JDK");
    }
    SolutionCompiler compiler = new SolutionCompiler(javac);
    compiler.compile(WARM_UP);
    Frames.write(out, Frames.READY.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    while (true) {
      DataInputStream request;
      try {
        request = new DataInputStream(new ByteArrayInputStream(Frames.read(in)));
      } catch (EOFException e) {
        return;
      }
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      answer.write(request.readNBytes(Frames.SECRET));
      answer.write(compiler.compile(Wire.text(request)));
      Frames.write(out, answer.toByteArray());
    }
  }

  private byte[] compile(String source) throws IOException {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    Classes classes = new Classes(files);
    boolean compiled;
    String gaveUp = "the compiler gave up on this code";
    try {
      compiled =
          compiler
              .getTask(
                  Writer.nullWriter(), classes, found, OPTIONS, null, List.of(new Source(source)))
              .call();
    } catch (RuntimeException | StackOverflowError e) {
      compiled = false;
      gaveUp += ": " + e.getClass().getSimpleName();
    }
    List<Diagnostic<?>> errors = new ArrayList<>();
    for (Diagnostic<?> d : found.getDiagnostics()) {
      if (d.getKind() == Diagnostic.Kind.ERROR) {
        errors.add(d);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream answer = new DataOutputStream(bytes);
    answer.writeBoolean(compiled);
    answer.writeInt(!compiled && errors.isEmpty() ? 1 : errors.size());
    for (Diagnostic<?> error : errors) {
      answer.writeInt((int) Math.max(0, error.getLineNumber()));
      Wire.text(answer, error.getMessage(Locale.ROOT));
    }
    if (!compiled && errors.isEmpty()) {
      answer.writeInt(0);
      Wire.text(answer, gaveUp);
    }
    answer.writeInt(compiled ? classes.compiled.size() : 0);
    if (compiled) {
      for (Map.Entry<String, ByteArrayOutputStream> entry : classes.compiled.entrySet()) {
        Wire.text(answer, entry.getKey());
        Wire.bytes(answer, entry.getValue().toByteArray());
      }
    }
    return bytes.toByteArray();
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String text) {
      super(URI.create("string:///" + FILE), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }

    /** A public class may have any name: there is one file, and it is ours. */
    @Override
    public boolean isNameCompatible(String simpleName, Kind kind) {
      return kind == Kind.SOURCE;
    }
  }

  private static final class Classes extends ForwardingJavaFileManager<StandardJavaFileManager> {
    final Map<String, ByteArrayOutputStream> compiled = new LinkedHashMap<>();

    Classes(StandardJavaFileManager files) {
      super(files);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        JavaFileManager.Location location,
        String className,
        JavaFileObject.Kind kind,
        FileObject sibling) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      compiled.put(className, bytes);
      return new SimpleJavaFileObject(URI.create("mem:///" + compiled.size() + ".class"), kind) {
        @Override
        public OutputStream openOutputStream() {
          return bytes;
        }
      };
    }
  }
}
