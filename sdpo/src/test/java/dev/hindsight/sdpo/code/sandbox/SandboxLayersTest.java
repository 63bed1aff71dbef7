package dev.hindsight.sdpo.code.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards the layers behind the allowlist, with the allowlist left out: what a program could do that
 * found a hole in it. Those of the operating system are held to what this machine has.
 */
class SandboxLayersTest {
  private static final SandboxLimits LIMITS =
      new SandboxLimits(1000, 1000, 60_000, 64, 8, 65_536, 65_536, 1);

  private static Sandbox open;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    open = new Sandbox(LIMITS, Allowlist.EVERYTHING, List.of(Isolation.values()));
  }

  @AfterAll
  static void end() {
    open.close();
  }

  /** Whatever a program did, the next one is judged as ever. */
  @AfterEach
  void theNextProgramRuns() {
    assertThat(run(open, "System.out.print(21 + 21);")).isEqualTo(printed("42"));
  }

  private static Outcome printed(String out) {
    return new Outcome.Ended(null, out, "");
  }

  private static Outcome run(Sandbox sandbox, String body) {
    return run(sandbox, body, List.of("")).getFirst();
  }

  private static List<Outcome> run(Sandbox sandbox, String body, List<String> inputs) {
    String source =
        "import java.io.*;\nimport java.nio.file.*;\nimport java.util.*;\n"
            + "public class Solution { public static void main(String[] a) throws Throwable {\n"
            + body
            + "\n} }";
    Compilation compilation = sandbox.compile(source);
    assertThat(compilation).isInstanceOf(Compilation.Compiled.class);
    Program program =
        new Program(
            ((Compilation.Compiled) compilation).classes(),
            false,
            "Solution",
            "main",
            "([Ljava/lang/String;)V");
    return sandbox.run(
        program, inputs.stream().map(i -> i.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @Test
  void leavingTheProcessIsNoVerdict() {
    for (String exit : List.of("System.exit(0);", "Runtime.getRuntime().halt(0);")) {
      assertThat(run(open, exit)).isInstanceOf(Outcome.Died.class);
    }
    List<Outcome> outcomes =
        run(
            open,
            "int c = System.in.read(); if (c == 'x') System.exit(0); System.out.print((char) c);",
            List.of("a", "x", "b"));
    assertThat(outcomes.get(0)).isEqualTo(printed("a"));
    assertThat(outcomes.get(1)).isInstanceOf(Outcome.Died.class);
    assertThat(outcomes.get(2)).as("the other tests still count").isEqualTo(printed("b"));
  }

  @Test
  void aForgedAnswerIsNone() {
    // a whole answer: length, a secret that it cannot know, test 0, no replacement, an outcome
    String forge =
        """
        DataOutputStream out = new DataOutputStream(new FileOutputStream(FileDescriptor.out));
        out.writeInt(16 + 4 + 1 + 1 + 4 + 2 + 4);
        out.write(new byte[16]);
        out.writeInt(0); out.writeBoolean(false); out.writeByte(0);
        out.writeInt(2); out.write(new byte[] {'4', '2'}); out.writeInt(0);
        """;
    assertThat(run(open, forge)).isInstanceOf(Outcome.Died.class);
    assertThat(run(open, forge + "while (true) {}")).isInstanceOf(Outcome.Died.class);
    assertThat(
            run(open, "new FileOutputStream(FileDescriptor.out).write(\"nonsense\".getBytes());"))
        .isInstanceOf(Outcome.Died.class);
  }

  @Test
  void noRightAnswerIsInTheProcess() {
    // the child's own requests: nothing waits there while a test runs
    Outcome stolen =
        run(open, "System.out.print(new FileInputStream(FileDescriptor.in).available());");
    assertThat(stolen).isEqualTo(printed("0"));
  }

  @Test
  void aLeakedThreadCostsTheProcess() {
    String leak =
        "Thread t = new Thread(() -> { while (true) {} }); t.setDaemon(true); t.start();"
            + " System.out.print(ProcessHandle.current().pid() + \" \" + System.nanoTime());";
    String count =
        "System.out.print(Thread.getAllStackTraces().keySet().stream()"
            + ".filter(t -> t.getName().startsWith(\"Thread-\")).count());";
    assertThat(run(open, leak)).isInstanceOf(Outcome.Ended.class);
    assertThat(run(open, count)).isEqualTo(printed("0"));
  }

  @Test
  void streamsThatAProgramChangedAreNotTheNextOnes() {
    run(open, "System.setOut(null); System.setIn(null); System.setErr(null);");
    assertThat(run(open, "System.out.print(System.in.read());", List.of("A")).getFirst())
        .isEqualTo(printed("65"));
  }

  @Test
  void memoryIsLimitedInTheHeapAndBesideIt() {
    assertThat(
            run(open, "List<byte[]> l = new ArrayList<>(); while (true) l.add(new byte[1 << 20]);"))
        .isInstanceOfAny(Outcome.Threw.class, Outcome.TimedOut.class);
    assertThat(
            run(
                open,
                "List<Object> l = new ArrayList<>();"
                    + " while (true) l.add(java.nio.ByteBuffer.allocateDirect(1 << 20));"))
        .isInstanceOf(Outcome.Threw.class);
    assumeTrue(open.isolation() != Isolation.PLAIN);
    // outside of what the JVM limits by itself: the address space ends at some two gigabytes
    Outcome arena =
        run(
            open,
            "for (int i = 0; i < 64; i++) java.lang.foreign.Arena.global().allocate(256L << 20).fill((byte) 1);");
    assertThat(arena).isNotInstanceOf(Outcome.Ended.class);
  }

  @Test
  void noFileIsWritten() {
    Path file = folder.resolve("written");
    Outcome outcome =
        run(open, "Files.writeString(Path.of(\"" + file + "\"), \"x\"); System.out.print(1);");
    assertThat(outcome).isInstanceOf(Outcome.Threw.class);
    assumeTrue(open.isolation() != Isolation.PLAIN);
    if (Files.exists(file)) {
      assertThat(file).isEmptyFile(); // limits alone let a file be made, but not be filled
    }
  }

  @Test
  void noFileIsRead() throws IOException {
    assumeTrue(open.isolation() == Isolation.PRIVATE_ROOT, "needs a private root");
    Path secret = Files.writeString(folder.resolve("secret"), "42");
    for (Path file : List.of(secret, Path.of("/etc/passwd"), Path.of("/bin/sh"))) {
      assertThat(run(open, "System.out.print(Files.readString(Path.of(\"" + file + "\")));"))
          .isInstanceOfSatisfying(
              Outcome.Threw.class, t -> assertThat(t.type()).endsWith("NoSuchFileException"));
    }
    Outcome root = run(open, "System.out.print(Arrays.toString(new File(\"/\").list()));");
    assertThat(((Outcome.Ended) root).out()).doesNotContain("home").doesNotContain("bin");
  }

  @Test
  void noProcessIsStarted() {
    assumeTrue(open.isolation() == Isolation.PRIVATE_ROOT, "needs a private root");
    for (String command : List.of("/bin/sh", "sh", "/usr/bin/id")) {
      assertThat(run(open, "new ProcessBuilder(\"" + command + "\").start();"))
          .isInstanceOfAny(Outcome.Threw.class, Outcome.Died.class);
    }
  }

  @Test
  void otherProcessesAreOutOfSight() {
    assumeTrue(open.isolation().ordinal() <= Isolation.NAMESPACES.ordinal(), "needs namespaces");
    String signal =
        "System.out.print(ProcessHandle.of(" + ProcessHandle.current().pid() + "L).isPresent());";
    assertThat(run(open, signal)).isEqualTo(printed("false"));
  }

  @Test
  void theNetworkIsOutOfReach() throws IOException {
    assumeTrue(open.isolation().ordinal() <= Isolation.NAMESPACES.ordinal(), "needs namespaces");
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(run(open, "new java.net.Socket(\"127.0.0.1\", " + server.getLocalPort() + ");"))
          .isInstanceOf(Outcome.Threw.class);
    }
  }

  @Test
  void threadsAreLimited() {
    assumeTrue(open.isolation().ordinal() <= Isolation.NAMESPACES.ordinal(), "needs namespaces");
    // the JVM itself may be what gets no further thread
    String bomb =
        "int n = 0; try { while (n < 1000) { Thread t = new Thread(() -> { try { Thread.sleep(99999); }"
            + " catch (InterruptedException e) { } }); t.setDaemon(true); t.start(); n++; }"
            + " } catch (OutOfMemoryError e) { } System.out.print(n);";
    Outcome outcome = run(open, bomb);
    if (outcome instanceof Outcome.Ended ended) {
      assertThat(Integer.parseInt(ended.out())).isLessThan(100);
    } else {
      assertThat(outcome).isInstanceOfAny(Outcome.Died.class, Outcome.Threw.class);
    }
  }

  @Test
  void aMuteProcessIsKilled() {
    // it holds the lock that the child's own watch needs to see whether it has ended
    String mute = "synchronized (Thread.currentThread()) { while (true) {} }";
    assertThat(run(open, mute)).isInstanceOf(Outcome.TimedOut.class);
  }

  @Test
  void aCompilerThatTakesTooLongIsKilled() {
    SandboxLimits hurried = new SandboxLimits(1000, 1000, 1, 64, 8, 65_536, 65_536, 1);
    try (Sandbox sandbox = new Sandbox(hurried, Allowlist.EVERYTHING, List.of(Isolation.PLAIN))) {
      assertThat(sandbox.compile("class Solution { int x; }"))
          .isEqualTo(
              new Compilation.Failed(
                  List.of(new CompileError(0, "the compiler took more than 1 ms"))));
    }
  }

  @Test
  void everyIsolationThatWorksHereJudges() {
    List<Isolation> working = new ArrayList<>();
    for (Isolation isolation : Isolation.values()) {
      try (Sandbox sandbox = new Sandbox(LIMITS, Allowlist.EVERYTHING, List.of(isolation))) {
        assertThat(run(sandbox, "System.out.print(1);")).isEqualTo(printed("1"));
        assertThat(run(sandbox, "System.exit(0);")).isInstanceOf(Outcome.Died.class);
        assertThat(run(sandbox, "while (true) {}")).isInstanceOf(Outcome.TimedOut.class);
        working.add(isolation);
      } catch (IllegalStateException e) {
        assertThat(isolation).as(e.getMessage()).isNotEqualTo(Isolation.PLAIN);
      }
    }
    assertThat(working).contains(Isolation.PLAIN, open.isolation());
  }

  @Test
  void childrenEndWithTheSandbox() throws InterruptedException {
    Sandbox sandbox = new Sandbox(LIMITS, Allowlist.EVERYTHING, List.of(Isolation.values()));
    run(sandbox, "System.out.print(1);");
    long before = ProcessHandle.current().descendants().count();
    sandbox.close();
    for (int i = 0; i < 100 && ProcessHandle.current().descendants().count() >= before; i++) {
      Thread.sleep(50);
    }
    assertThat(ProcessHandle.current().descendants().count()).isLessThan(before);
  }
}
