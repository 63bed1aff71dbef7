package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says within two seconds whether this machine computes as fast and as rightly as it should. */
@Command(
    name = "selftest",
    description = {
      "Measure this machine, within two seconds: matrix product against the peak of its multiply-adds,"
          + " memory bandwidth; and check a gradient.",
      "Says what to mend when vectors are slow; fails when the gradient is wrong."
    },
    footer = {"  ./hindsight selftest", "  ./hindsight selftest --threads 1 --json"})
final class SelftestCommand extends HindsightCommand {
  private static final Pattern WIDTH = Pattern.compile("(\\d+)-bit");

  /** A product of matrices that is so much quicker than the peak shows that the peak is wrong. */
  private static final double IMPOSSIBLE = 1.1;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) {
    Backend backend = compute.open();
    Matcher width = WIDTH.matcher(backend.description());
    Integer bits = width.find() ? Integer.valueOf(width.group(1)) : null;
    Optional<String> slow = bits == null ? Optional.empty() : SlowVectors.reason();
    Speeds speeds = slow.isPresent() ? null : Speeds.measure(backend);
    double error = Speed.gradientError(backend, compute.seedOr(0));
    boolean right = error <= Speed.GRADIENT_BOUND;
    Double share = speeds == null ? null : speeds.share();
    List<String> warnings = unavailable(backend);
    slow.ifPresent(warnings::add);
    if (speeds != null) {
      warnings.addAll(warnings(bits, speeds));
    }

    Map<String, Object> result = new LinkedHashMap<>();
    result.put("backend", backend.name());
    result.put("description", backend.description());
    result.put("vector_bits", bits);
    result.put("threads", Threads.count());
    result.put("sgemm_gflops", speeds == null ? null : speeds.sgemm() / 1e9);
    result.put("fma_peak_gflops", share == null ? null : speeds.peak().getAsDouble() / 1e9);
    result.put("sgemm_share_of_peak", share);
    result.put("bandwidth_gb_per_s", speeds == null ? null : speeds.bandwidth() / 1e9);
    result.put("gradient_error", error);
    result.put("gradient_ok", right);
    result.put("warnings", warnings);
    screen.result(result);

    line(screen, "backend", backend.description());
    if (speeds != null) {
      line(screen, "SGEMM", speeds.sgemmLine());
      line(screen, "memory", String.format(Locale.ROOT, "%.1f GB/s", speeds.bandwidth() / 1e9));
    }
    line(
        screen,
        "gradient",
        String.format(
            Locale.ROOT,
            "%s: relative error %.1e, bound %.0e, against double precision",
            right ? "right" : "WRONG",
            error,
            Speed.GRADIENT_BOUND));
    warnings.forEach(w -> line(screen, "warning", w));
    if (!right) {
      screen.warn(
          "hindsight: the gradient of this backend is wrong here; use --backend reference and report"
              + " this line: "
              + backend.description());
      return 1;
    }
    return 0;
  }

  private static void line(Screen screen, String name, String text) {
    screen.result(String.format("%-10s %s", name, text));
  }

  private static List<String> unavailable(Backend backend) {
    List<String> warnings = new ArrayList<>();
    for (Backends.Provider p : Backends.providers()) {
      if (p.priority() > 0 && !p.name().equals(backend.name())) {
        p.unavailable()
            .ifPresent(why -> warnings.add("the " + p.name() + " backend cannot run here: " + why));
      }
    }
    return warnings;
  }

  private static List<String> warnings(@Nullable Integer bits, Speeds speeds) {
    List<String> warnings = new ArrayList<>();
    if (bits != null && SlowVectors.isOn("UseTypeSpeculation")) {
      warnings.add(
          "this JVM may compile vector kernels at half their speed: start Java with"
              + " -XX:-UseTypeSpeculation, as ./hindsight does");
    }
    if (!speeds.credible()) {
      warnings.add(
          "the peak could not be measured: the compiler did not get the time to finish; try again"
              + " when the machine is idle");
    }
    Double share = speeds.share();
    if (share == null || bits == null) {
      return warnings;
    }
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    int processors = Runtime.getRuntime().availableProcessors();
    // one 128-bit fused multiply-add a cycle at 1 GHz would be 8e9
    double perThread = speeds.peak().getAsDouble() / Threads.count();
    if (load > 1.5 * processors) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "other programs keep this machine busy (load %.1f on %d processors), so these speeds"
                  + " are too low; measure again when it is idle",
              load,
              processors));
    } else if (perThread < 3e9) {
      warnings.add(
          "vector instructions are not compiled as such: start Java without -Xint and"
              + " -XX:TieredStopAtLevel, with C2");
    } else if (share < 0.05) {
      warnings.add(
          "the matrix kernels are not compiled: start Java with -XX:Tier3DelayOn=1000000, as"
              + " ./hindsight does");
    } else if (share < 0.4) {
      warnings.add(
          "the matrix product is far from the peak: fewer real cores than threads, or a program"
              + " that uses them; try --threads "
              + Math.max(1, Threads.count() / 2));
    }
    return warnings;
  }

  /**
   * What was measured.
   *
   * @param peak of fused multiply-adds; empty for a backend that has none
   * @param credible whether the peak is one: no product of matrices can be quicker
   */
  private record Speeds(double sgemm, OptionalDouble peak, boolean credible, double bandwidth) {
    static Speeds measure(Backend backend) {
      OptionalDouble peak = backend.measurePeak();
      double sgemm = Speed.matmulFlops(backend, peak.orElse(0));
      if (peak.isPresent() && sgemm > IMPOSSIBLE * peak.getAsDouble()) {
        // the compiler had not finished when the peak was measured; by now it has, as a rule
        peak = backend.measurePeak();
        sgemm = Math.max(sgemm, Speed.matmulFlops(backend, peak.getAsDouble()));
      }
      boolean credible = peak.isEmpty() || sgemm <= IMPOSSIBLE * peak.getAsDouble();
      return new Speeds(sgemm, peak, credible, Speed.bytesPerSecond(backend));
    }

    /** The product's share of a credible peak. */
    @Nullable Double share() {
      return credible && peak.isPresent() ? Double.valueOf(sgemm / peak.getAsDouble()) : null;
    }

    String sgemmLine() {
      Double share = share();
      return String.format(Locale.ROOT, "%.1f GFLOP/s", sgemm / 1e9)
          + (share == null
              ? ""
              : String.format(
                  Locale.ROOT,
                  ", %.0f %% of the %.1f that fused multiply-adds alone reach here",
                  100 * share,
                  peak.getAsDouble() / 1e9));
    }
  }
}
