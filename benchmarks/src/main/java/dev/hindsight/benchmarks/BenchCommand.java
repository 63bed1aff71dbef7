package dev.hindsight.benchmarks;

import dev.hindsight.engine.Backends;
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
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
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
          + " ratio above 1 means that Hindsight is faster (or needs less memory).",
      "With --backend opencl on a device, as a share of what that device can do; with --peer beside"
          + " PyTorch on the same GPU, or beside another backend."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./hindsight bench --quick --peers             some cases of every group, in two minutes",
      "  ./hindsight bench --peers --json bench.json   beside the peers; fetches 140 MB the first time",
      "  ./hindsight bench --peers --group sgemm,gpt-train --threads 1",
      "  ./hindsight bench --backend opencl --peer pytorch,pytorch-compiled   a GPU, beside PyTorch on it",
      "  ./hindsight bench --backend opencl --peer vector --group sgemm       a device, beside the CPU",
      "  ./hindsight bench --backend tornado --peer opencl,vector --quick      the same through TornadoVM",
      "  ./hindsight bench --scaling                   cost against width, tokens, batch, vocabulary",
      "  ./hindsight bench --jmh Softmax -p size=2048x256   kernels alone, with JMH"
    })
public final class BenchCommand implements Callable<Integer> {
  private static final String JAR = "benchmarks/target/bench.jar";

  /** Backends that compute on the processor alone. */
  private static final Set<String> PROCESSOR = Set.of("vector", "reference");

  private static final List<String> LIBRARIES = List.of("openblas", "onednn", "libtorch");

  /** Seconds at the device's limits: a slow kernel on a slow device takes ten times as long. */
  private static final double LONGEST_STEP = 0.5;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "vector",
      description =
          "Whose kernels are measured (default: vector). For a device the sizes are larger; a case"
              + " whose step would take over half a second at the device's limits is left out unless"
              + " --case names it.")
  private String backend = "vector";

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "With --backend opencl or tornado: the device of this number, or with this in its, its vendor's or its platform's name"
              + " (NVIDIA, 4090, AMD, Intel, PoCL, ...).")
  private @Nullable String device;

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
      split = ",",
      paramLabel = "TEXT",
      description = "Only cases whose name contains this, or one of these.")
  private List<String> containing = List.of();

  @Option(
      names = "--peer",
      split = ",",
      paramLabel = "NAME",
      description = {
        "Compare with these only: with --peers openblas, onednn, libtorch; with nothing to fetch the"
            + " name of another backend (vector), or pytorch and pytorch-compiled: the PyTorch of"
            + " python3 on the NVIDIA GPU, eager and with torch.compile."
      })
  private List<String> onlyPeers = List.of();

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description =
          "Numbers of threads to measure (default: 1 and all processors; with --quick, or on a device,"
              + " all).")
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
    System.exit(newCommandLine().execute(args));
  }

  /** The command, which tells errors as the others do: in one line. */
  static CommandLine newCommandLine() {
    return new CommandLine(new BenchCommand())
        .setParameterExceptionHandler(
            (e, _) -> {
              PrintWriter err = e.getCommandLine().getErr();
              err.println("hindsight: " + e.getMessage());
              err.println("See: ./hindsight bench --help");
              return CommandLine.ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (e, line, _) -> {
              line.getErr().println("hindsight: " + e.getMessage());
              return CommandLine.ExitCode.SOFTWARE;
            });
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
    checkBackend();
    List<Case> cases = chosen();
    List<Peer> peers = peers();
    SideBySide.Effort effort = quick ? SideBySide.Effort.QUICK : SideBySide.Effort.FULL;
    SideBySide comparison = new SideBySide(ofBackend(backend), peers, effort);
    double longest = onDevice() && containing.isEmpty() ? LONGEST_STEP : Double.POSITIVE_INFINITY;
    boolean failed = false;
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    Map<String, Object> machine = new LinkedHashMap<>();
    for (int n : threadCounts()) {
      Printer printer = new Printer(out, rows, machine, new ArrayList<>(), new AtomicInteger());
      try {
        comparison.run(cases, n, longest, printer);
      } catch (WorkerProcess.NoDeviceException e) {
        throw new CommandLine.ParameterException(commandLine(), e.getMessage(), e);
      }
      printer.means();
      writeJson(machine, rows);
      failed |= printer.failures.get() > 0;
    }
    return failed ? 1 : 0;
  }

  /** With one number of threads, all processors unless another is given. */
  private int scaling(PrintWriter out) throws IOException {
    boolean more = withPeers || !onlyPeers.isEmpty() || onDevice() || device != null;
    if (more || !groups.isEmpty() || !containing.isEmpty() || threads.size() > 1) {
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
        file(JAR),
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
    List<Case> all = onDevice() ? Cases.device() : Cases.all();
    List<String> known = all.stream().map(Case::group).distinct().toList();
    for (String g : groups) {
      if (!known.contains(g)) {
        throw new CommandLine.ParameterException(
            commandLine(), "--group: no " + g + "; there are " + String.join(", ", known));
      }
    }
    boolean some = quick && groups.isEmpty() && containing.isEmpty();
    if (some) {
      return onDevice() ? Cases.quickDevice() : Cases.quick();
    }
    List<Case> cases =
        all.stream()
            .filter(c -> groups.isEmpty() || groups.contains(c.group()))
            .filter(c -> containing.isEmpty() || containing.stream().anyMatch(c.name()::contains))
            .toList();
    if (cases.isEmpty()) {
      throw new CommandLine.ParameterException(
          commandLine(), "--case: no name contains " + String.join(", ", containing));
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
    return all == 1 || quick || onDevice() ? List.of(all) : List.of(1, all);
  }

  /** Whether it is not the processor alone that computes. */
  private boolean onDevice() {
    return !PROCESSOR.contains(backend);
  }

  private static List<String> backends() {
    return Backends.providers().stream().map(Backends.Provider::name).toList();
  }

  private void checkBackend() {
    if (!backends().contains(backend)) {
      throw new CommandLine.ParameterException(
          commandLine(),
          "--backend: no " + backend + "; there are " + String.join(", ", backends()));
    }
    if (device != null && !onDevice()) {
      throw new CommandLine.ParameterException(
          commandLine(),
          "--device: the " + backend + " backend computes on the processor; add --backend opencl");
    }
  }

  private List<Peer> peers() {
    if (onlyPeers.isEmpty()) {
      return withPeers ? LIBRARIES.stream().map(this::library).toList() : List.of();
    }
    return onlyPeers.stream().distinct().map(this::peer).toList();
  }

  private Peer peer(String name) {
    List<String> others = new ArrayList<>(backends());
    others.remove(backend);
    if (others.contains(name)) {
      return ofBackend(name);
    }
    if (Peer.PYTORCH.contains(name)) {
      return Peer.python(name, file("benchmarks/gpu/torch_peer.py"));
    }
    if (!LIBRARIES.contains(name)) {
      others.addAll(Peer.PYTORCH);
      throw new CommandLine.ParameterException(
          commandLine(),
          String.format(
              "--peer: no %s; there are %s, and with --peers %s",
              name, String.join(", ", others), String.join(", ", LIBRARIES)));
    }
    if (!withPeers) {
      throw new CommandLine.ParameterException(
          commandLine(), "--peer: " + name + " has to be fetched; add --peers");
    }
    return library(name);
  }

  private Peer library(String name) {
    return Peer.java(name, file("benchmarks/peers/target/peers.jar"), List.of());
  }

  private Peer ofBackend(String name) {
    boolean chosen = device != null && name.equals(backend);
    List<String> flags = chosen ? List.of("-D" + Hindsight.DEVICE + "=" + device) : List.of();
    return Peer.java(name, file(JAR), flags);
  }

  /** What the launcher built or the project holds, below the folder that it names. */
  private static String file(String path) {
    Path file = Path.of(System.getProperty("hindsight.home", "."), path);
    if (!Files.isReadable(file)) {
      throw new IllegalStateException("bench: no " + file + "; start with ./hindsight bench");
    }
    return file.toString();
  }

  private record Printer(
      PrintWriter out,
      List<Map<String, @Nullable Object>> rows,
      Map<String, Object> machine,
      List<Row> compared,
      AtomicInteger failures)
      implements SideBySide.Listener {
    @Override
    public void limits(int threads, Limits limits) {
      String peak =
          Double.isNaN(limits.gigaflops())
              ? ""
              : String.format(
                  Locale.ROOT, "multiply-adds reach %,.0f GFLOP/s, ", limits.gigaflops());
      say(
          "%n%d thread%s: %smemory gives %,.0f GB/s",
          threads, threads == 1 ? "" : "s", peak, limits.gigabytes());
      Map<String, @Nullable Double> measured = new LinkedHashMap<>();
      measured.put("fma_gflops", Row.finite(limits.gigaflops()));
      measured.put("gb_per_s", limits.gigabytes());
      machine.put(threads + "T", measured);
    }

    @Override
    public void failed(Case work, int threads, String name, String reason) {
      failures.incrementAndGet();
      say("%-14s%-32s%s failed: %s", work.group(), work.name(), name, reason);
    }

    @Override
    public void leftOut(Case work, int threads, double seconds) {
      say(
          "%-14s%-32sleft out: %.1f s a step at the limits; --case '%s' measures it",
          work.group(), work.name(), seconds, work.name());
    }

    @Override
    public void contender(int threads, String name, String description) {
      say("  %-10s %s", name, description);
      machine.put(threads + "T " + name, description);
    }

    @Override
    public void summary(int threads, String name, String summary) {
      say("  %-10s %s", name, summary);
      machine.put(threads + "T " + name + " summary", summary);
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
                  Locale.ROOT, "  %-16s%12s  x%.2f", r.peer(), figure(r.peerValue()), r.ratio());
      say("%s %s %s%s", mine, spread, share, peer);
    }

    /** For each group and peer the geometric mean of the ratios, and the worst. */
    void means() {
      compared.stream()
          .collect(
              Collectors.groupingBy(
                  r -> String.format(Locale.ROOT, "%-14s%-16s", r.work().group(), r.peer()),
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
      String format = x < .1 ? "%.4f" : x < 10 ? "%.2f" : x < 1000 ? "%.1f" : "%,.0f";
      return String.format(Locale.ROOT, format, x);
    }

    private void say(String format, Object... values) {
      out.println(String.format(Locale.ROOT, format, values));
      out.flush();
    }
  }
}
