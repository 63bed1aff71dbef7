package dev.hindsight.engine.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Keeps the first of HotSpot's two compilers away from the matrix kernels.
 *
 * <p>While the queue of the second is long, HotSpot has a hot method compiled by the first without
 * a profile, and later again with one. That compiler gives up on kernels as large as these when it
 * is to add the profile, and they would stay at its first attempt, a hundred times too slow, for as
 * long as the process lives. Without the first attempt they wait in the interpreter for the second
 * compiler, a moment longer at worst. {@code -XX:Tier3DelayOn=1000000} does the same, for every
 * method; the launcher passes it. For everybody else this adds a compiler directive at run time,
 * which matches these classes alone.
 */
final class KernelCompilation {
  private static final String FLAG = "Tier3DelayOn";

  /** The default is 5 methods waiting, for each thread of the compiler. */
  private static final long RAISED = 1000;

  private KernelCompilation() {}

  /** Does nothing on a JVM that is not HotSpot, or refuses: {@code selftest} sees what it costs. */
  static void prepare() {
    try {
      HotSpotDiagnosticMXBean hotspot =
          ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
      if (hotspot != null && Long.parseLong(hotspot.getVMOption(FLAG).getValue()) < RAISED) {
        exclude(SixRowKernels.class, FourRowKernels.class, FewRowKernels.class);
      }
    } catch (IOException | JMException | RuntimeException refused) {
      // as fast as the JVM is without
    }
  }

  private static void exclude(Class<?>... kernels) throws IOException, JMException {
    StringBuilder match = new StringBuilder();
    for (Class<?> c : kernels) {
      match
          .append(match.isEmpty() ? "" : ", ")
          .append('"')
          .append(c.getName().replace('.', '/'))
          .append(".*\"");
    }
    Path file = Files.createTempFile("hindsight-kernels", ".json");
    try {
      Files.writeString(file, "[{ match: [" + match + "], c1: { Exclude: true } }]");
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "compilerDirectivesAdd",
              new Object[] {new String[] {file.toString()}},
              new String[] {String[].class.getName()});
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
