package dev.hindsight.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    OptionalDouble peak = backend.measurePeak();
    double sgemm = Speed.matmulFlops(backend);
    if (peak.isPresent() && sgemm > IMPOSSIBLE * peak.getAsDouble()) {
      // the compiler had not finished when the peak was measured; by now it has, as a rule
      peak = backend.measurePeak();
      sgemm = Math.max(sgemm, Speed.matmulFlops(backend));
    }
    boolean credible = peak.isEmpty() || sgemm <= IMPOSSIBLE * peak.getAsDouble();
    peak = credible ? peak : OptionalDouble.empty();
    double bandwidth = Speed.bytesPerSecond(backend);
    double error = Speed.gradientError(backend, compute.seedOr(0));
    boolean right = error <= Speed.GRADIENT_BOUND;
    Double share = peak.isPresent() ? Double.valueOf(sgemm / peak.getAsDouble()) : null;
    List<String> warnings = warnings(backend, bits, peak, share);
    if (!credible) {
      warnings.add(
          "the peak could not be measured: the compiler did not get the time to finish; try again"
              + " when the machine is idle");
    }

    Map<String, Object> result = new LinkedHashMap<>();
    result.put("backend", backend.name());
    result.put("description", backend.description());
    result.put("vector_bits", bits);
    result.put("threads", Threads.count());
    result.put("sgemm_gflops", sgemm / 1e9);
    result.put("fma_peak_gflops", peak.isPresent() ? peak.getAsDouble() / 1e9 : null);
    result.put("sgemm_share_of_peak", share);
    result.put("bandwidth_gb_per_s", bandwidth / 1e9);
    result.put("gradient_error", error);
    result.put("gradient_ok", right);
    result.put("warnings", warnings);
    screen.result(result);

    line(screen, "backend", backend.description());
    line(
        screen,
        "SGEMM",
        String.format(Locale.ROOT, "%.1f GFLOP/s", sgemm / 1e9)
            + (share == null
                ? ""
                : String.format(
                    Locale.ROOT,
                    ", %.0f %% of the %.1f that fused multiply-adds alone reach here",
                    100 * share,
                    peak.getAsDouble() / 1e9)));
    line(screen, "memory", String.format(Locale.ROOT, "%.1f GB/s", bandwidth / 1e9));
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

  /** Whether HotSpot has this flag and it is on. */
  private static boolean isOn(String flag) {
    HotSpotDiagnosticMXBean hotspot =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    try {
      return hotspot != null && "true".equals(hotspot.getVMOption(flag).getValue());
    } catch (IllegalArgumentException unknown) {
      return false;
    }
  }

  private static List<String> warnings(
      Backend backend, @Nullable Integer bits, OptionalDouble peak, @Nullable Double share) {
    List<String> warnings = new ArrayList<>();
    for (Backends.Provider p : Backends.providers()) {
      if (p.priority() > 0 && !p.name().equals(backend.name())) {
        p.unavailable()
            .ifPresent(why -> warnings.add("the " + p.name() + " backend cannot run here: " + why));
      }
    }
    if (bits != null && isOn("UseTypeSpeculation")) {
      warnings.add(
          "this JVM may compile vector kernels at half their speed: start Java with"
              + " -XX:-UseTypeSpeculation, as ./hindsight does");
    }
    if (peak.isEmpty() || share == null || bits == null) {
      return warnings;
    }
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    int processors = Runtime.getRuntime().availableProcessors();
    // one 128-bit fused multiply-add a cycle at 1 GHz would be 8e9
    double perThread = peak.getAsDouble() / Threads.count();
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
}
