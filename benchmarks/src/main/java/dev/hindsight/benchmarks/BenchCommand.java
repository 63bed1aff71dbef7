package dev.hindsight.benchmarks;

import dev.hindsight.transformer.AtomicFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./hindsight bench}. */
@Command(
    name = "hindsight bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Measure kernels and whole steps of models, as a share of what this machine can do.",
      "With --peers beside OpenBLAS, oneDNN and libtorch, in turns, each in a process of its own; a"
          + " ratio above 1 means that Hindsight is faster (or needs less memory)."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./hindsight bench --quick --peers             some cases of every group, in two minutes",
      "  ./hindsight bench --peers --json bench.json   beside the peers; fetches 140 MB the first time",
      "  ./hindsight bench --peers --group sgemm,gpt-train --threads 1",
      "  ./hindsight bench --scaling                   cost against width, tokens, batch, vocabulary",
      "  ./hindsight bench --jmh Softmax -p size=2048x256   kernels alone, with JMH"
    })
public final class BenchCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--peers",
      description =
          "Compare with OpenBLAS, oneDNN and libtorch, fetched by Maven (140 MB) the first time.")
  private boolean withPeers;

  @Option(
      names = "--quick",
      description =
          "Few and short rounds with all processors; without --group and --case some cases only:"
              + " under two minutes, beside all peers.")
  private boolean quick;

  @Option(
      names = "--group",
      split = ",",
      paramLabel = "GROUP",
      description = {
        "Only these: sgemm, attention, elementwise, gpt-train, decode, pretrain-tiny, sdpo-tiny,"
            + " memory."
      })
  private List<String> groups = List.of();

  @Option(
      names = "--case",
      paramLabel = "TEXT",
      description = "Only cases whose name contains this.")
  private @Nullable String containing;

  @Option(
      names = "--peer",
      split = ",",
      paramLabel = "NAME",
      description = "With --peers, only these: openblas, onednn, libtorch.")
  private List<String> onlyPeers = List.of();

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description =
          "Numbers of threads to measure (default: 1 and all processors; with --quick all).")
  private List<Integer> threads = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the rows to this file.")
  private @Nullable Path json;

  @Option(
      names = "--scaling",
      description =
          "Measure instead how a training step grows with width, tokens, batch and vocabulary.")
  private boolean scaling;

  @Option(
      names = "--jmh",
      description =
          "Benchmark single kernels with JMH instead; must come first, and what follows are JMH's own"
              + " arguments (-h lists them).")
  private boolean jmh;

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) throws IOException {
    if (args.length > 0 && args[0].equals("--jmh")) {
      // JMH starts its processes with the flags of this one: those that the launcher passes
      org.openjdk.jmh.Main.main(Arrays.copyOfRange(args, 1, args.length));
      return;
    }
    System.exit(
        new CommandLine(new BenchCommand())
            .setExecutionExceptionHandler(
                (e, line, _) -> {
                  line.getErr().println("hindsight: " + e.getMessage());
                  return 1;
                })
            .execute(args));
  }

  @Override
  public Integer call() throws IOException {
    if (jmh) {
      throw new CommandLine.ParameterException(commandLine(), "--jmh: must come first");
    }
    checkJson();
    PrintWriter out = commandLine().getOut();
    if (scaling) {
      return scaling(out);
    }
    List<Case> cases = chosen();
    List<SideBySide.Peer> peers = withPeers ? peers() : List.of();
    SideBySide.Effort effort = quick ? SideBySide.Effort.QUICK : SideBySide.Effort.FULL;
    SideBySide comparison = new SideBySide(jar("benchmarks/target/bench.jar"), peers, effort);
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    Map<String, Object> machine = new LinkedHashMap<>();
    for (int n : threadCounts()) {
      Printer printer = new Printer(out, rows, machine, new ArrayList<>());
      comparison.run(cases, n, printer);
      printer.means();
      writeJson(machine, rows);
    }
    return 0;
  }

  /** With one number of threads, all processors unless another is given. */
  private int scaling(PrintWriter out) throws IOException {
    if (withPeers || !groups.isEmpty() || containing != null || threads.size() > 1) {
      throw new CommandLine.ParameterException(
          commandLine(), "--scaling: goes with --quick, --json and one number of --threads only");
    }
    int n = threadCounts().getLast();
    SideBySide.Effort effort = quick ? SideBySide.Effort.QUICK : SideBySide.Effort.FULL;
    List<Map<String, ?>> rows = new ArrayList<>();
    out.println(n + (n == 1 ? " thread" : " threads"));
    Scaling.Table table =
        new Scaling.Table(
            line -> {
              out.println(line);
              out.flush();
            });
    Scaling.run(
        jar("benchmarks/target/bench.jar"),
        n,
        effort,
        cost -> {
          rows.add(cost.json());
          table.add(cost);
        });
    writeJson(Map.of("threads", n), rows);
    return 0;
  }

  /** Minutes of measurements should not end with a file that cannot be written. */
  private void checkJson() {
    if (json == null) {
      return;
    }
    Path folder = json.toAbsolutePath().getParent();
    boolean regular = !Files.exists(json) || Files.isRegularFile(json);
    if (!regular || folder == null || !Files.isDirectory(folder)) {
      throw new CommandLine.ParameterException(
          commandLine(),
          "--json: cannot write "
              + json
              + (regular ? ": no folder " + folder + " to write to" : ": it is no regular file"));
    }
  }

  private void writeJson(Map<String, ?> machine, List<? extends Map<String, ?>> rows)
      throws IOException {
    if (json != null) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("machine", machine);
      all.put("rows", rows);
      AtomicFile.write(
          json,
          JsonMapper.builder()
                  .enable(SerializationFeature.INDENT_OUTPUT)
                  .build()
                  .writeValueAsString(all)
              + "\n");
    }
  }

  private CommandLine commandLine() {
    return java.util.Objects.requireNonNull(spec).commandLine();
  }

  private List<Case> chosen() {
    List<String> known = Cases.all().stream().map(Case::group).distinct().toList();
    for (String g : groups) {
      if (!known.contains(g)) {
        throw new CommandLine.ParameterException(
            commandLine(), "--group: no " + g + "; there are " + String.join(", ", known));
      }
    }
    boolean some = quick && groups.isEmpty() && containing == null;
    List<Case> cases =
        (some ? Cases.quick() : Cases.all())
            .stream()
                .filter(c -> groups.isEmpty() || groups.contains(c.group()))
                .filter(c -> containing == null || c.name().contains(containing))
                .toList();
    if (cases.isEmpty()) {
      throw new CommandLine.ParameterException(
          commandLine(), "no case's name contains '" + containing + "'");
    }
    return cases;
  }

  private List<Integer> threadCounts() {
    for (int n : threads) {
      if (n < 1) {
        throw new CommandLine.ParameterException(
            commandLine(), "--threads: expected 1 or more, got " + n);
      }
    }
    if (!threads.isEmpty()) {
      return threads;
    }
    int all = Runtime.getRuntime().availableProcessors();
    return all == 1 || quick ? List.of(all) : List.of(1, all);
  }

  private List<SideBySide.Peer> peers() {
    String jar = jar("benchmarks/peers/target/peers.jar");
    List<String> names = List.of("openblas", "onednn", "libtorch");
    for (String p : onlyPeers) {
      if (!names.contains(p)) {
        throw new CommandLine.ParameterException(
            commandLine(), "--peer: no " + p + "; there are " + String.join(", ", names));
      }
    }
    return names.stream()
        .filter(n -> onlyPeers.isEmpty() || onlyPeers.contains(n))
        .map(n -> new SideBySide.Peer(n, jar))
        .toList();
  }

  /** A jar that the launcher built, below the folder that it names. */
  private static String jar(String path) {
    Path jar = Path.of(System.getProperty("hindsight.home", "."), path);
    if (!Files.isReadable(jar)) {
      throw new IllegalStateException("bench: no " + jar + "; start with ./hindsight bench");
    }
    return jar.toString();
  }

  private record Printer(
      PrintWriter out,
      List<Map<String, @Nullable Object>> rows,
      Map<String, Object> machine,
      List<Row> compared)
      implements SideBySide.Listener {
    @Override
    public void limits(int threads, Limits limits) {
      say(
          "%n%d thread%s: multiply-adds reach %.0f GFLOP/s, memory gives %.0f GB/s",
          threads, threads == 1 ? "" : "s", limits.gigaflops(), limits.gigabytes());
      machine.put(
          threads + "T",
          Map.of("fma_gflops", limits.gigaflops(), "read_gb_per_s", limits.gigabytes()));
    }

    @Override
    public void contender(int threads, String name, String description) {
      say("  %-10s %s", name, description);
      machine.put(threads + "T " + name, description);
    }

    @Override
    public void row(Row r) {
      rows.add(r.json());
      if (Double.isFinite(r.ratio())) {
        compared.add(r);
      }
      String mine =
          String.format(
              Locale.ROOT,
              "%-14s%-32s%12s %-9s",
              r.work().group(),
              r.work().name(),
              figure(r.ours()),
              r.work().unit());
      String share =
          Double.isNaN(r.limitShare())
              ? "      "
              : String.format(Locale.ROOT, "%4.0f %%", 100 * r.limitShare());
      String spread = String.format(Locale.ROOT, "+-%2.0f %%", 100 * r.spread());
      String peer =
          r.peer() == null
              ? ""
              : String.format(
                  Locale.ROOT, "  %-9s%12s  x%.2f", r.peer(), figure(r.peerValue()), r.ratio());
      say("%s %s %s%s", mine, spread, share, peer);
    }

    /** For each group and peer the geometric mean of the ratios, and the worst. */
    void means() {
      compared.stream()
          .collect(
              Collectors.groupingBy(
                  r -> String.format(Locale.ROOT, "%-14s%-9s", r.work().group(), r.peer()),
                  LinkedHashMap::new,
                  Collectors.toList()))
          .forEach(
              (name, group) -> {
                double logs = 0;
                Row worst = group.getFirst();
                for (Row r : group) {
                  logs += Math.log(r.ratio());
                  worst = r.ratio() < worst.ratio() ? r : worst;
                }
                say(
                    "mean of %s x%.2f over %d, worst x%.2f (%s)",
                    name,
                    Math.exp(logs / group.size()),
                    group.size(),
                    worst.ratio(),
                    worst.work().name());
              });
    }

    private static String figure(double x) {
      return String.format(Locale.ROOT, x < 10 ? "%.2f" : x < 1000 ? "%.1f" : "%,.0f", x);
    }

    private void say(String format, Object... values) {
      out.println(String.format(Locale.ROOT, format, values));
      out.flush();
    }
  }
}
