package dev.hindsight.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Contenders are processes that obey lines; here they are shell scripts whose speed is known. */
@DisabledOnOs(OS.WINDOWS)
class SideBySideTest {
  private static final SideBySide.Effort ONCE = new SideBySide.Effort(1, 0, 0);
  private static final Case SMALL = Cases.of("sgemm/512x512x512");
  private static final Case LARGE = Cases.of("sgemm/2048x2048x2048");

  /** What was reported, a line each, and the rows. */
  private static final class Record implements SideBySide.Listener {
    final List<String> lines = new ArrayList<>();
    final List<Row> rows = new ArrayList<>();

    @Override
    public void summary(int threads, String name, String summary) {
      lines.add(name + " says at the end: " + summary);
    }

    @Override
    public void contender(int threads, String name, String description) {
      lines.add(name + " is " + description);
    }

    @Override
    public void limits(int threads, Limits limits) {
      lines.add("limits " + limits.gigaflops() + " " + limits.gigabytes());
    }

    @Override
    public void row(Row row) {
      rows.add(row);
    }

    @Override
    public void failed(Case work, int threads, String name, String reason) {
      lines.add(name + " failed at " + work.name() + ": " + reason);
    }

    @Override
    public void leftOut(Case work, int threads, double seconds) {
      lines.add("left out " + work.name());
    }
  }

  /** Answers every line; libraries print, too. */
  private static Peer script(String name, String prepare, double stepsPerSecond) {
    return script(name, prepare, stepsPerSecond, "");
  }

  private static Peer script(String name, String prepare, double stepsPerSecond, String summary) {
    String loop =
        """
        while read -r verb rest; do
          echo "a library's own line"
          case $verb in
            describe) echo '@bench a script' ;;
            limits) echo '@bench 100.0 10.0' ;;
            prepare) echo '@bench %s' ;;
            warm) echo '@bench warm' ;;
            run) echo '@bench %s' ;;
            summary) echo '@bench %s' ;;
          esac
        done
        """;
    return new Peer(name, List.of("sh", "-c", loop.formatted(prepare, stepsPerSecond, summary)));
  }

  private static Record run(double longest, Peer... contenders) throws IOException {
    Record record = new Record();
    List<Peer> peers = List.of(contenders).subList(1, contenders.length);
    new SideBySide(contenders[0], peers, ONCE).run(List.of(SMALL, LARGE), 1, longest, record);
    return record;
  }

  @Test
  void ratesAreWorkTimesStepsAndRatiosAreOursToTheirs() throws IOException {
    Record record = run(Double.POSITIVE_INFINITY, script("a", "ready", 2), script("b", "ready", 4));
    assertThat(record.lines).containsExactly("limits 100.0 10.0", "a is a script", "b is a script");
    assertThat(record.rows).hasSize(2);
    Row row = record.rows.getFirst();
    assertThat(row.work()).isEqualTo(SMALL);
    assertThat(row.ours()).isCloseTo(2 * SMALL.work(), within(1e-12));
    assertThat(row.peerValue()).isCloseTo(4 * SMALL.work(), within(1e-12));
    assertThat(row.ratio()).isEqualTo(.5);
    assertThat(row.limitShare()).isCloseTo(2 * SMALL.work() / 100, within(1e-12));
  }

  /** Those that know where they computed what say it; Python knows of no such question. */
  @Test
  void whatWasComputedWhereIsToldAtTheEnd() throws IOException {
    Peer ours = script("a", "ready", 1, "all of it there");
    Record record = run(1, ours, script("b", "ready", 1), script("c", "none", 1, "error what?"));
    assertThat(record.lines.getLast()).isEqualTo("a says at the end: all of it there");
  }

  @Test
  void stepsThatWouldTakeTooLongAreLeftOut() throws IOException {
    Record record = run(.1, script("a", "ready", 1)); // 17 GFLOP at 100 a second
    assertThat(record.lines).contains("left out 2048x2048x2048");
    assertThat(record.rows).extracting(Row::work).containsExactly(SMALL);
  }

  @Test
  void aCaseThatDoesNotFitIsReportedAndTheOthersGoOn() throws IOException {
    String none = "error allocate: 9 bytes wanted";
    Record record = run(1, script("a", "ready", 1), script("b", none, 1), script("c", "none", 1));
    assertThat(record.lines)
        .contains("b failed at 512x512x512: allocate: 9 bytes wanted")
        .noneMatch(line -> line.startsWith("c failed"));
    assertThat(record.rows).hasSize(2).allSatisfy(row -> assertThat(row.peer()).isNull());

    Record ours = run(1, script("a", none, 1), script("b", "ready", 1));
    assertThat(ours.lines).contains("a failed at 2048x2048x2048: allocate: 9 bytes wanted");
    assertThat(ours.rows).isEmpty();
  }

  @Test
  void aContenderThatCannotRunSaysWhy() {
    String loop = "while read -r verb; do echo '@bench error no GPU here'; done";
    Peer broken = new Peer("pytorch", List.of("sh", "-c", loop));
    assertThatThrownBy(() -> run(1, script("a", "ready", 1), broken))
        .isInstanceOf(IOException.class)
        .hasMessage("bench: pytorch: no GPU here");
    String noDevice = "while read -r verb; do echo '@bench error device: there is none'; done";
    assertThatThrownBy(() -> run(1, new Peer("opencl", List.of("sh", "-c", noDevice))))
        .isInstanceOf(WorkerProcess.NoDeviceException.class)
        .hasMessage("--device: there is none");
    assertThatThrownBy(() -> run(1, new Peer("gone", List.of("sh", "-c", "exit 1"))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the process of gone ended at 'limits'");
  }
}
