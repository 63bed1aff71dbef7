package dev.hindsight.sdpo.code.sandbox;

import dev.hindsight.sdpo.code.worker.Frames;
import dev.hindsight.sdpo.code.worker.SolutionCompiler;
import dev.hindsight.sdpo.code.worker.SolutionRunner;
import dev.hindsight.sdpo.code.worker.Trial;
import dev.hindsight.sdpo.code.worker.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The command lines of the children, and the folder they start from: a temporary one with the few
 * classes of the worker package, which is all of Hindsight that a child can read.
 */
final class Launch implements AutoCloseable {
  /** Processor seconds of a child over its life; the watchdog in the parent acts long before. */
  private static final int PROCESSOR_SECONDS = 1200;

  /** Address space of a JVM beside its heap, in megabytes; 1,200 is just enough. */
  private static final int BESIDE_HEAP = 1600;

  /** A JVM with the serial collector has some fifteen threads. */
  private static final int PROCESSES = 64;

  private static final int COMPILER_MEGABYTES = 256;

  /** Who is root need not let others' code be: the user and group `nobody` of most systems. */
  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--");

  private static final Class<?>[] CHILD_CLASSES = {
    SolutionRunner.class, SolutionCompiler.class, Trial.class, Wire.class, Frames.class
  };

  private final Path folder;
  private final Path javaHome;
  private final int memoryMegabytes;
  private final List<String> asNobody;
  private final Thread atExit = new Thread(this::deleteFolder, "sandbox-folder");

  Launch(int memoryMegabytes) {
    this.memoryMegabytes = memoryMegabytes;
    try {
      this.javaHome = Path.of(System.getProperty("java.home")).toRealPath();
      this.folder = Files.createTempDirectory("hindsight-sandbox-").toRealPath();
      Files.createDirectory(folder.resolve("root"));
      for (Class<?> child : CHILD_CLASSES) {
        extract(child);
      }
      extract("Capture");
      extract("Stopwatch");
      this.asNobody = runsAsNobody() ? AS_NOBODY : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("sandbox: no temporary folder could be made", e);
    }
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Whether we are root, can become nobody, and nobody can read what a child needs. */
  private boolean runsAsNobody() throws IOException {
    if (!"root".equals(System.getProperty("user.name"))
        || !Files.getFileStore(folder).supportsFileAttributeView("posix")) {
      return false;
    }
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command = new ArrayList<>(AS_NOBODY);
    command.addAll(List.of(javaHome.resolve("bin/java").toString(), "-cp", classes().toString()));
    command.addAll(List.of("-Xshare:auto", "-XX:-UsePerfData", "-version"));
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      boolean ended = process.waitFor(20, TimeUnit.SECONDS);
      process.destroyForcibly();
      return ended && process.exitValue() == 0;
    } catch (IOException e) {
      return false; // no setpriv here
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Whether children have given up being root. */
  boolean isAsNobody() {
    return !asNobody.isEmpty();
  }

  private void extract(Class<?> child) throws IOException {
    for (Class<?> member : child.getNestMembers()) {
      extract(member.getName().substring(member.getPackageName().length() + 1));
    }
  }

  private void extract(String name) throws IOException {
    try (InputStream bytes = Wire.class.getResourceAsStream(name + ".class")) {
      if (bytes == null) {
        throw new IOException("the class file of " + name + " is missing beside Wire.class");
      }
      Path place = classes().resolve(Wire.class.getPackageName().replace('.', '/'));
      Files.createDirectories(place);
      Files.copy(bytes, place.resolve(name + ".class"));
    }
  }

  private Path classes() {
    return folder.resolve("classes");
  }

  /** Where children start; nothing lies there. */
  Path root() {
    return folder.resolve("root");
  }

  List<String> runner(Isolation isolation) {
    List<String> java = jvm(memoryMegabytes);
    // what a solution may use, and nothing to attach to, to manage or to instrument a JVM
    java.addAll(List.of("--limit-modules", "java.base", "--finalization=disabled"));
    java.add("-XX:-OmitStackTraceInFastThrow");
    java.add(SolutionRunner.class.getName());
    return confined(isolation, memoryMegabytes, java);
  }

  List<String> compiler(Isolation isolation) {
    List<String> java = jvm(COMPILER_MEGABYTES);
    java.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-Xss4m"));
    java.add(SolutionCompiler.class.getName());
    return confined(isolation, COMPILER_MEGABYTES, java);
  }

  private List<String> jvm(int megabytes) {
    return new ArrayList<>(
        List.of(
            javaHome.resolve("bin").resolve("java").toString(),
            "-Xmx" + megabytes + "m",
            "-XX:+UseSerialGC",
            "-XX:ActiveProcessorCount=1",
            "-XX:CompressedClassSpaceSize=64m",
            "-XX:MaxMetaspaceSize=128m",
            "-XX:ReservedCodeCacheSize=64m",
            "-XX:MaxDirectMemorySize=16m",
            "-XX:-UsePerfData", // writes a file
            "-XX:+DisableAttachMechanism",
            "-XX:-CreateCoredumpOnCrash",
            "-Dfile.encoding=UTF-8",
            "-Duser.language=en",
            "-Duser.country=US",
            "-Duser.timezone=UTC",
            "-cp",
            classes().toString()));
  }

  private List<String> confined(Isolation isolation, int megabytes, List<String> java) {
    if (isolation == Isolation.PLAIN) {
      return java;
    }
    boolean namespaces = isolation != Isolation.LIMITS;
    boolean privateRoot = isolation == Isolation.PRIVATE_ROOT;
    List<String> command = new ArrayList<>(asNobody);
    if (namespaces) {
      command.addAll(List.of("unshare", "--user", "--map-root-user", "--net", "--ipc", "--uts"));
      command.addAll(List.of("--pid", "--fork", "--kill-child", "--mount"));
      if (!privateRoot) {
        command.add("--mount-proc"); // or it would show the processes outside
      }
    }
    command.addAll(List.of("/bin/sh", "-c", script(), "confine.sh"));
    command.add(String.valueOf(namespaces ? PROCESSES : 0));
    command.add(String.valueOf(megabytes + BESIDE_HEAP));
    command.add(String.valueOf(PROCESSOR_SECONDS));
    command.add(privateRoot ? root().toString() : "");
    if (privateRoot) {
      shown().forEach(path -> command.add(path.toString()));
    }
    command.add("--");
    command.addAll(java);
    return command;
  }

  /** What a JVM needs to see: itself, the system's libraries, its worker classes. */
  private List<Path> shown() {
    Set<Path> shown = new LinkedHashSet<>();
    for (String library : List.of("/usr/lib", "/usr/lib64", "/lib", "/lib64")) {
      shown.add(Path.of(library));
    }
    if (!javaHome.startsWith("/usr/lib")) {
      shown.add(javaHome);
    }
    // where distributions keep the configuration of their JDKs
    try (Stream<Path> etc = Files.list(Path.of("/etc"))) {
      etc.filter(p -> p.getFileName().toString().startsWith("java")).sorted().forEach(shown::add);
    } catch (IOException e) {
      // then the JDK has it elsewhere
    }
    shown.add(classes());
    return shown.stream().filter(Files::exists).toList();
  }

  private static String script() {
    try (InputStream script = Launch.class.getResourceAsStream("confine.sh")) {
      if (script == null) {
        throw new IllegalStateException("confine.sh is missing beside Launch.class");
      }
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void deleteFolder() {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      // a temporary folder: the system clears it
    }
  }

  @Override
  public void close() {
    deleteFolder();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // the JVM is ending already
    }
  }
}
