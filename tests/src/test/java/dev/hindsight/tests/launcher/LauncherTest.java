package dev.hindsight.tests.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guards {@code ./hindsight}: which JDK it takes, when it builds, what it hands on.
 *
 * <p>The script is copied into a repository of its own, where the JDKs and Maven are scripts that
 * say what they were asked. Nothing is built, nothing is fetched, and the JDKs of this machine are
 * out of sight.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
class LauncherTest {
  private static final String[] TOOLS = {
    "sh",
    "awk",
    "cat",
    "dirname",
    "find",
    "head",
    "kill",
    "mkdir",
    "mv",
    "printf",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sleep",
    "tee",
    "uname"
  };

  /** What the script printed and its exit code. */
  private record Run(int code, String out, String err) {}

  @TempDir Path temp;
  private Path repository;
  private Path jdks;
  private Path bin;

  @BeforeEach
  void layOut() throws Exception {
    repository = Files.createDirectories(temp.resolve("repo with blank"));
    jdks = Files.createDirectories(temp.resolve("jdks"));
    bin = Files.createDirectories(temp.resolve("bin"));
    for (String tool : TOOLS) {
      for (String folder : System.getenv("PATH").split(":")) {
        Path real = Path.of(folder, tool);
        if (Files.isExecutable(real) && !Files.exists(bin.resolve(tool))) {
          Files.createSymbolicLink(bin.resolve(tool), real);
        }
      }
    }
    Path original = Path.of(System.getProperty("hindsight.repository", ".."), "hindsight");
    script(repository.resolve("hindsight"), Files.readString(original));
    script(repository.resolve("mvnw"), "#!/bin/sh\necho \"maven $*\" >>'" + mavenCalls() + "'\n");
    Files.writeString(repository.resolve("pom.xml"), "<project/>");
    Files.createDirectories(repository.resolve("engine/src/main/java"));
    Files.createDirectories(repository.resolve("cli/target"));
    Files.writeString(repository.resolve("cli/target/hindsight.jar"), "jar");
    Files.writeString(repository.resolve("cli/target/built.stamp"), "");
    settle();
  }

  @Test
  void withoutAnyJdkItSaysWhatToInstall() throws Exception {
    Run run = launch(Map.of(), "quickstart");
    assertThat(run.code).isEqualTo(69);
    assertThat(run.err)
        .contains("a JDK of version 25 or later is needed, and none was found")
        .contains("25.0.3")
        .contains("https://adoptium.net/temurin/releases/?version=25")
        .contains("JAVA_HOME=/path/to/jdk");
    assertThat(run.out).isEmpty();
  }

  @Test
  void jdksThatAreTooOldAreNamedWithTheirVersion() throws Exception {
    Path home = jdk("home-17", "17.0.15");
    Path other = jdk("jdk-21", "21.0.8");
    Path eight = jdk("jdk-8", "1.8.0_402");
    Path onPath = jdk("../on-path", "11.0.2");
    Files.createSymbolicLink(bin.resolve("java"), onPath.resolve("bin/java"));
    Run run = launch(Map.of("JAVA_HOME", home.toString()), "quickstart");
    assertThat(run.code).isEqualTo(69);
    assertThat(run.err)
        .contains(home + " (version 17.0.15)")
        .contains(other + " (version 21.0.8)")
        .contains(eight + " (version 1.8.0_402)")
        .contains("on-path (version 11.0.2)");
  }

  @Test
  void runtimeWithoutCompilerIsNoJdk() throws Exception {
    Path jre = jdk("jre-25", "25.0.3");
    Files.delete(jre.resolve("bin/javac"));
    Run run = launch(Map.of(), "quickstart");
    assertThat(run.code).isEqualTo(69);
    assertThat(run.err).contains(jre + " (version 25.0.3, but without a compiler");
  }

  @Test
  void oldJavaHomeAndOldJavaOnPathDoNotHideNewerJdk() throws Exception {
    Path old = jdk("a-17", "17.0.15");
    Files.createSymbolicLink(bin.resolve("java"), old.resolve("bin/java"));
    Path good = jdk("b-25", "25.0.3");
    Run run = launch(Map.of("JAVA_HOME", old.toString()), "quickstart");
    assertThat(run.code).isZero();
    assertThat(run.out).startsWith("java of " + good);
    assertThat(run.err).isEmpty();
  }

  @Test
  void javaHomeOfRightVersionGoesBeforeOthers() throws Exception {
    jdk("a-25", "25.0.3");
    Path chosen = jdk("../chosen", "26");
    Run run = launch(Map.of("JAVA_HOME", chosen.toString()), "quickstart");
    assertThat(run.out).startsWith("java of " + chosen);
  }

  @ParameterizedTest
  @ValueSource(strings = {"25", "25-ea", "25.0.0", "25.0.1", "25.0.2", "25.0.2.1"})
  void jdkWithG1FaultWarns(String version) throws Exception {
    jdk("jdk-25", version);
    Run run = launch(Map.of(), "quickstart");
    assertThat(run.code).isZero();
    assertThat(run.err).contains("JDK-8377811").contains("25.0.3 or later");
    assertThat(run.out).contains("-XX:+UseSerialGC");
  }

  @ParameterizedTest
  @ValueSource(strings = {"25.0.3", "25.0.10", "25.0.21", "25.1", "26", "26-ea", "30.0.1"})
  void jdkWithoutG1FaultRunsWithoutWarning(String version) throws Exception {
    jdk("jdk-25", version);
    Run run = launch(Map.of(), "quickstart");
    assertThat(run.code).isZero();
    assertThat(run.err).isEmpty();
    assertThat(run.out).contains("-XX:+UseSerialGC");
  }

  /** Two collectors on one command line are an error of the JVM. */
  @Test
  void aCollectorThatTheUserChoseIsTheOnlyOne() throws Exception {
    jdk("jdk-25", "25.0.3");
    Run run = launch(Map.of("HINDSIGHT_JAVA_OPTS", "-Xmx1g -XX:+UseZGC"), "quickstart");
    assertThat(run.out).contains("-XX:+UseZGC").doesNotContain("UseSerialGC");
  }

  @Test
  void soundJdkIsPreferredToFaultyOne() throws Exception {
    jdk("a-25", "25.0.1");
    Path sound = jdk("b-25", "25.0.3");
    Run run = launch(Map.of(), "quickstart");
    assertThat(run.out).startsWith("java of " + sound);
    assertThat(run.err).isEmpty();
  }

  @Test
  void jdkWithoutReleaseFileIsAskedForItsVersion() throws Exception {
    Path jdk = jdk("plain", "25.0.3");
    Files.delete(jdk.resolve("release"));
    assertThat(launch(Map.of(), "quickstart").code).isZero();
  }

  @Test
  void argumentsOptionsAndExitCodePassThrough() throws Exception {
    jdk("jdk-25", "25.0.3");
    Run run =
        launch(
            Map.of("HINDSIGHT_JAVA_OPTS", "-Xmx1g -Dfake.exit=7"),
            "train",
            "two words",
            "*",
            "",
            "--seed=1");
    assertThat(run.code).isEqualTo(7);
    assertThat(run.out.lines())
        .contains(
            "[--add-modules]",
            "[jdk.incubator.vector]",
            "[--enable-native-access=ALL-UNNAMED]",
            "[-Xmx1g]")
        .containsSequence("[train]", "[two words]", "[*]", "[]", "[--seed=1]");
    assertThat(mavenCalls()).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train --backend tornado x",
        "train x --backend=tornado",
        "--backend tornado train x",
        "--backend=tornado train x",
        "bench --backend tornado x",
        "bench --peer=vector,tornado x"
      })
  void tornadoWithoutItsSdkFailsWithOneSentence(String arguments) throws Exception {
    jdk("jdk-25", "25.0.3");
    Run run = launch(Map.of(), arguments.split(" "));
    assertThat(run.code).isEqualTo(69);
    assertThat(run.out).as("nothing is started in its place").isEmpty();
    assertThat(run.err.lines()).hasSize(1);
    assertThat(run.err).contains("TornadoVM's SDK").contains("5.2.0").contains("TORNADOVM_HOME");
    Run elsewhere = launch(Map.of("TORNADOVM_HOME", temp.toString()), arguments.split(" "));
    assertThat(elsewhere.code).isEqualTo(69);
    assertThat(elsewhere.err).contains(temp + ", which has no tornado-argfile");
  }

  /**
   * The SDK's own argument file has the current folder on the module path and chooses a collector:
   * what comes behind it must have the last word on both.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "train --backend tornado x",
        "--backend tornado train x",
        "bench --backend tornado x",
        "bench --peer vector,tornado x",
        "bench --peer=tornado x"
      })
  void tornadoStartsWithTheArgumentFileOfItsSdk(String arguments) throws Exception {
    jdk("jdk-25", "25.0.3");
    Path built = Files.createDirectories(repository.resolve("benchmarks/target"));
    Files.writeString(built.resolve("bench.jar"), "jar");
    Files.writeString(built.resolve("built.stamp"), "");
    Path sdk = sdk("a sdk");
    Run run = launch(Map.of("TORNADOVM_HOME", sdk.toString()), arguments.split(" "));
    assertThat(run.err).isEmpty();
    assertThat(run.code).isZero();
    assertThat(run.out.lines())
        .containsSequence(
            "[@" + sdk + "/tornado-argfile]",
            "[--module-path]",
            "[" + sdk + "/share/java/tornado]",
            "[-XX:-UseParallelGC]")
        .endsWith("[x]")
        .contains("[--add-modules]", "[jdk.incubator.vector]", "[-XX:+UseSerialGC]");
  }

  /** TornadoVM's devices are listed where its SDK is; elsewhere the list says what it needs. */
  @Test
  void devicesStartsTheSdkThatIsThere() throws Exception {
    jdk("jdk-25", "25.0.3");
    Path sdk = sdk("sdk");
    Run with = launch(Map.of("TORNADOVM_HOME", sdk.toString()), "devices", "--json");
    assertThat(with.out).contains("[@" + sdk + "/tornado-argfile]").contains("[--json]");
    for (Map<String, String> without :
        List.of(Map.<String, String>of(), Map.of("TORNADOVM_HOME", temp.toString()))) {
      Run run = launch(without, "devices");
      assertThat(run.code).isZero();
      assertThat(run.out).doesNotContain("argfile");
      assertThat(run.err).isEmpty();
    }
  }

  @Test
  void otherBackendsStartWithoutTheSdk() throws Exception {
    jdk("jdk-25", "25.0.3");
    Path sdk = sdk("sdk");
    for (String arguments : List.of("train --backend vector", "generate --prompt tornado")) {
      Run run = launch(Map.of("TORNADOVM_HOME", sdk.toString()), arguments.split(" "));
      assertThat(run.code).isZero();
      assertThat(run.out).doesNotContain("argfile");
    }
  }

  @Test
  void runsFromAnyFolderAndThroughLinks() throws Exception {
    jdk("jdk-25", "25.0.3");
    Path link = Files.createSymbolicLink(temp.resolve("link"), repository.resolve("hindsight"));
    Path second = Files.createSymbolicLink(bin.resolve("hs"), Path.of("../link"));
    Run run = launch(second, Map.of(), List.of("devices"));
    assertThat(run.err).isEmpty();
    assertThat(run.out).contains("[" + repository.toRealPath() + "/cli/target/hindsight.jar]");
    assertThat(link).isSymbolicLink();
  }

  @Test
  void newerSourceIsBuiltFirstAndOnlyOnce() throws Exception {
    jdk("jdk-25", "25.0.3");
    Files.writeString(repository.resolve("engine/src/main/java/A.java"), "class A {}");
    mavenWritesTheJar();
    Run first = launch(Map.of(), "devices");
    assertThat(first.code).isZero();
    assertThat(first.err.lines()).hasSize(1).first().asString().contains("building");
    assertThat(first.out).startsWith("java of ");
    Run second = launch(Map.of(), "devices");
    assertThat(second.err).isEmpty();
    assertThat(Files.readString(mavenCalls()).lines())
        .hasSize(1)
        .first()
        .asString()
        .contains("package");
  }

  @Test
  void removedSourceCountsAsChange() throws Exception {
    jdk("jdk-25", "25.0.3");
    Path source = repository.resolve("engine/src/main/java/A.java");
    Files.writeString(source, "class A {}");
    settle();
    assertThat(launch(Map.of(), "devices").err).isEmpty();
    Files.delete(source);
    mavenWritesTheJar();
    assertThat(launch(Map.of(), "devices").err).contains("building");
  }

  @Test
  void failedBuildShowsItsLogAndRunsNothing() throws Exception {
    jdk("jdk-25", "25.0.3");
    Files.delete(repository.resolve("cli/target/hindsight.jar"));
    script(
        repository.resolve("mvnw"),
        "#!/bin/sh\necho '[ERROR] A.java: missing semicolon'\nexit 1\n");
    Run run = launch(Map.of(), "devices");
    assertThat(run.code).isEqualTo(70);
    assertThat(run.out).isEmpty();
    assertThat(run.err).contains("missing semicolon").contains("the build failed");
    // Nor does the next start take what a failed build left.
    assertThat(launch(Map.of(), "devices").code).isEqualTo(70);
  }

  @Test
  void lockOfDeadBuildIsTakenOver() throws Exception {
    jdk("jdk-25", "25.0.3");
    Files.delete(repository.resolve("cli/target/hindsight.jar"));
    mavenWritesTheJar();
    Process dead = new ProcessBuilder("sh", "-c", "exit 0").start();
    assertThat(dead.waitFor(30, TimeUnit.SECONDS)).isTrue();
    Path lock = Files.createDirectories(repository.resolve("cli/target/build.lock"));
    Files.writeString(lock.resolve("pid"), dead.pid() + "\n");
    assertThat(launch(Map.of(), "devices").code).isZero();
    assertThat(lock).doesNotExist();
  }

  /**
   * The lock cannot be made there, which was taken for another build: the command waited for ever.
   */
  @Test
  void staleCheckoutThatCannotBeWrittenSaysSo() throws Exception {
    jdk("jdk-25", "25.0.3");
    Files.delete(repository.resolve("cli/target/hindsight.jar"));
    Path target = repository.resolve("cli/target");
    assertThat(target.toFile().setWritable(false)).isTrue();
    try {
      assumeFalse(Files.isWritable(target), "root may write anywhere");
      Run run = launch(Map.of(), "devices");
      assertThat(run.code).isEqualTo(73);
      assertThat(run.err).contains("cli/target cannot be written");
    } finally {
      assertThat(target.toFile().setWritable(true)).isTrue();
    }
  }

  @Test
  void failingTestsGiveTheExitCodeOfMavenAndTheSummary() throws Exception {
    jdk("jdk-25", "25.0.3");
    script(
        repository.resolve("mvnw"),
        "#!/bin/sh\necho \"maven $*\" >>'"
            + mavenCalls()
            + "'\necho '[INFO] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0'\nexit 1\n");
    Run run = launch(Map.of(), "test", "-Dtest=Some Test");
    assertThat(run.code).isEqualTo(1);
    assertThat(run.out).contains("Tests run: 3, Failures: 1").contains("TestSummary.java");
    assertThat(Files.readString(mavenCalls())).contains("-Dtest=Some Test").contains("verify");
    assertThat(repository.resolve("cli/target/build.lock")).doesNotExist();
  }

  @Test
  void aFullRunTakesMoreCases() throws Exception {
    jdk("jdk-25", "25.0.3");
    launch(Map.of(), "test", "--full", "-o");
    assertThat(Files.readString(mavenCalls()))
        .contains("-Dtest.cases=5000 -o verify")
        .doesNotContain("--full");
  }

  @Test
  void theOracleIsAProfileAndSaysWhatItFetches() throws Exception {
    jdk("jdk-25", "25.0.3");
    Run run = launch(Map.of(), "test", "-Dtest=Some Test", "--oracle", "-o");
    assertThat(run.err).contains("fetching").contains("libtorch").contains("140 MB");
    assertThat(Files.readString(mavenCalls()))
        .contains("-Poracle -Dtest=Some Test -o verify")
        .doesNotContain("--oracle");
  }

  /** Maven keeps what it fetched in the home folder, version by version. */
  @ParameterizedTest
  @ValueSource(strings = {"2.13.0", "2.12.1"})
  void whatMavenHasIsNotAnnounced(String there) throws Exception {
    jdk("jdk-25", "25.0.3");
    Files.createDirectories(repository.resolve("benchmarks/peers"));
    Files.writeString(
        repository.resolve("benchmarks/peers/pom.xml"),
        "<pytorch.version>2.13.0-${javacpp.version}</pytorch.version>\n");
    String version = there + "-1.5.14";
    Path jar = temp.resolve(".m2/repository/org/bytedeco/pytorch").resolve(version);
    Files.createDirectories(jar);
    Files.writeString(jar.resolve("pytorch-" + version + "-linux-x86_64.jar"), "jar");
    Run run = launch(Map.of(), "test", "--oracle");
    assertThat(run.err.contains("fetching")).isEqualTo(!there.equals("2.13.0"));
  }

  /** Reports of an earlier run with the oracle would be counted again. */
  @Test
  void withoutTheOracleNothingOfItIsFetchedOrCounted() throws Exception {
    jdk("jdk-25", "25.0.3");
    Path old = repository.resolve("tests/oracle/target/surefire-reports");
    Files.createDirectories(old);
    Run run = launch(Map.of(), "test");
    assertThat(run.err).doesNotContain("libtorch");
    assertThat(Files.readString(mavenCalls())).doesNotContain("oracle");
    assertThat(old).doesNotExist();
  }

  @Test
  void mutationCheckPlantsAndSaysWhatWasMissed() throws Exception {
    jdk("jdk-25", "25.0.3");
    Run run = launch(Map.of(), "test", "--mutations", "-Dmutations.threads=1");
    assertThat(run.code).isZero();
    assertThat(run.out).contains("MutationSummary.java").doesNotContain("TestSummary.java");
    assertThat(Files.readString(mavenCalls()))
        .contains("-Pmutations")
        .contains("-Dmutations.threads=1")
        .doesNotContain("--mutations");
    assertThat(repository.resolve("cli/target/hindsight.jar")).exists();
  }

  /** A JDK that is a script: it prints who it is and its arguments, one in each line. */
  private Path jdk(String name, String version) throws IOException {
    Path home = Files.createDirectories(jdks.resolve(name).normalize().resolve("bin")).getParent();
    Files.writeString(
        home.resolve("release"),
        "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"Linux\"\n");
    script(
        home.resolve("bin/java"),
        "#!/bin/sh\n"
            + ("[ \"$1\" != -version ] || { echo 'openjdk version \""
                + version
                + "\"' >&2; exit; }\n")
            + ("echo \"java of " + home + "\"\ncode=0\n")
            + "for a in \"$@\"; do\n"
            + "  case $a in -Dfake.exit=*) code=${a#-Dfake.exit=} ;; esac\n"
            + "  printf '[%s]\\n' \"$a\"\n"
            + "done\nexit $code\n");
    script(home.resolve("bin/javac"), "#!/bin/sh\n");
    return home;
  }

  /** What the launcher takes for TornadoVM's SDK. */
  private Path sdk(String name) throws IOException {
    Path sdk = Files.createDirectories(temp.resolve(name));
    Files.writeString(sdk.resolve("tornado-argfile"), "--module-path .:elsewhere");
    return sdk;
  }

  private Path mavenCalls() {
    return temp.resolve("maven-calls");
  }

  private void mavenWritesTheJar() throws IOException {
    script(
        repository.resolve("mvnw"),
        "#!/bin/sh\necho \"maven $*\" >>'"
            + mavenCalls()
            + "'\necho jar >'"
            + repository.resolve("cli/target/hindsight.jar")
            + "'\n");
  }

  private Run launch(Map<String, String> environment, String... arguments) throws Exception {
    return launch(repository.resolve("hindsight"), environment, List.of(arguments));
  }

  private Run launch(Path script, Map<String, String> environment, List<String> arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
    Path out = Files.createTempFile(temp, "out", "");
    Path err = Files.createTempFile(temp, "err", "");
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", bin.toString());
    builder.environment().put("HOME", temp.toString());
    builder.environment().put("HINDSIGHT_JDK_DIRS", jdks.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the launcher hangs: " + Files.readString(err));
    }
    return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, text, UTF_8);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Makes the stamp of the last build newer than everything else. */
  private void settle() throws IOException {
    FileTime before = FileTime.from(Instant.now().minusSeconds(200));
    try (Stream<Path> all = Files.walk(repository)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Files.setLastModifiedTime(path, before);
      }
    }
    Files.setLastModifiedTime(
        repository.resolve("cli/target/built.stamp"),
        FileTime.from(before.toInstant().plusSeconds(100)));
  }
}
