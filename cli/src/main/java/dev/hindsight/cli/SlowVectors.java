package dev.hindsight.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What HotSpot's flags say about vector kernels before one is run: without the optimising compiler
 * or fused multiply-adds they are some hundred times slower, and measuring them takes minutes.
 */
final class SlowVectors {
  private SlowVectors() {}

  /** Why vector kernels are hopelessly slow in this JVM, and the fix; empty when they are not. */
  static Optional<String> reason() {
    return reason(flag("UseCompiler"), flag("TieredStopAtLevel"), flag("UseFMA"));
  }

  /** A flag that this JVM does not have is null and says nothing. */
  static Optional<String> reason(
      @Nullable String useCompiler, @Nullable String stopAtLevel, @Nullable String useFma) {
    if ("false".equals(useCompiler) || (stopAtLevel != null && Integer.parseInt(stopAtLevel) < 4)) {
      return Optional.of(
          "vector kernels are not compiled, and hundreds of times slower for it: start Java without"
              + " -Xint and -XX:TieredStopAtLevel, with C2");
    }
    if ("false".equals(useFma)) {
      return Optional.of(
          "this JVM uses no fused multiply-add, and vector kernels are hundreds of times slower for"
              + " it: start Java without -XX:-UseFMA and -XX:UseAVX; on a processor that has none"
              + " use --backend reference");
    }
    return Optional.empty();
  }

  /** Whether HotSpot has this flag and it is on. */
  static boolean isOn(String flag) {
    return "true".equals(flag(flag));
  }

  private static @Nullable String flag(String name) {
    HotSpotDiagnosticMXBean hotspot =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    try {
      return hotspot == null ? null : hotspot.getVMOption(name).getValue();
    } catch (IllegalArgumentException unknown) {
      return null;
    }
  }
}
