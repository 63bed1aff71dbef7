package dev.hindsight.cli;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.ComputeDevice;
import dev.hindsight.engine.Threads;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;

/** Lists the backends and their devices, and why one cannot run here. */
@Command(
    name = "devices",
    description =
        "List the backends, their devices, which of them is taken, and why one cannot run here.",
    footer = {"  ./hindsight devices", "  ./hindsight devices --json"})
final class DevicesCommand extends HindsightCommand {
  @Override
  int run(Screen screen) {
    List<Listed> backends = Backends.providers().stream().map(Listed::of).toList();
    String auto = null;
    for (Listed b : backends) {
      if (auto == null && b.runs() && b.provider.priority() >= 0) {
        auto = b.provider.name();
      }
    }
    Runtime runtime = Runtime.getRuntime();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("backends", backends.stream().map(Listed::json).toList());
    result.put("auto", auto);
    result.put("threads", Threads.count());
    result.put("processors", runtime.availableProcessors());
    result.put("max_heap_bytes", runtime.maxMemory());
    result.put("java", Runtime.version().toString());
    result.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    screen.result(result);
    for (Listed b : backends) {
      String name = b.provider.name();
      line(
          screen,
          name,
          (b.runs() ? b.text : "cannot run here: " + b.text)
              + (name.equals(auto) ? "   <- --backend auto" : ""));
      b.lines().forEach(text -> line(screen, "", text));
    }
    line(
        screen,
        "threads",
        Threads.count()
            + " of "
            + runtime.availableProcessors()
            + " processors; --threads or HINDSIGHT_THREADS changes that");
    line(
        screen,
        "JVM",
        String.format(
            "Java %s, heap up to %d MB, %s %s",
            Runtime.version(),
            runtime.maxMemory() >> 20,
            System.getProperty("os.name"),
            System.getProperty("os.arch")));
    return 0;
  }

  private static void line(Screen screen, String name, String text) {
    screen.result(String.format("%-10s %s", name, text));
  }

  /**
   * A backend, and what was found out about it.
   *
   * @param chosen the number of the device that is taken; -1 for none
   * @param text its description, or why it cannot run
   */
  private record Listed(
      Backends.Provider provider,
      List<ComputeDevice> devices,
      int chosen,
      boolean runs,
      String text) {

    static Listed of(Backends.Provider provider) {
      Optional<String> reason = provider.unavailable();
      if (reason.isPresent()) {
        return new Listed(provider, List.of(), -1, false, reason.get());
      }
      List<ComputeDevice> devices = provider.devices();
      try {
        int chosen = Backends.chosenDevice(provider, null);
        String description = Backends.get(provider.name()).description();
        return new Listed(provider, devices, chosen, true, description);
      } catch (RuntimeException e) { // a driver that lists what it cannot open; a wrong variable
        return new Listed(provider, devices, -1, false, Failures.message(e));
      }
    }

    private String chosenBy() {
      String variable = System.getenv(Backends.DEVICE_VARIABLE);
      return variable == null || variable.isBlank()
          ? provider.order()
          : Backends.DEVICE_VARIABLE + "=" + variable;
    }

    Map<String, Object> json() {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", provider.name());
      entry.put("available", runs);
      entry.put(runs ? "description" : "reason", text);
      if (devices.isEmpty()) {
        return entry;
      }
      List<Map<String, Object>> all = new ArrayList<>();
      for (int i = 0; i < devices.size(); i++) {
        ComputeDevice d = devices.get(i);
        Map<String, Object> device = new LinkedHashMap<>();
        device.put("number", i);
        device.put("name", d.name());
        device.put("type", d.type());
        device.put("vendor", d.vendor());
        device.put("platform", d.platform());
        device.put("version", d.version());
        device.put("driver", d.driver());
        device.put("compute_units", d.computeUnits());
        device.put("memory_bytes", d.memoryBytes());
        device.put("largest_buffer_bytes", d.largestBufferBytes());
        device.put("local_memory_bytes", d.localMemoryBytes());
        device.put("chosen", i == chosen);
        all.add(device);
      }
      entry.put("devices", all);
      if (chosen >= 0) {
        entry.put("chosen_by", chosenBy());
      }
      return entry;
    }

    List<String> lines() {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < devices.size(); i++) {
        ComputeDevice d = devices.get(i);
        lines.add(
            String.format(
                "%d: %s (%s), %s, %s, driver %s%s",
                i,
                d.name(),
                d.type().equals("accelerator") ? d.type() : d.type().toUpperCase(Locale.ROOT),
                d.vendor(),
                d.platform(),
                d.driver(),
                i == chosen ? "   <- --backend " + provider.name() : ""));
        lines.add(
            String.format(
                Locale.ROOT,
                "   %d compute units, %.1f GiB, largest buffer %.1f GiB, local memory %d KiB",
                d.computeUnits(),
                d.memoryBytes() / 0x1p30,
                d.largestBufferBytes() / 0x1p30,
                d.localMemoryBytes() >> 10));
      }
      if (!devices.isEmpty()) {
        lines.add(
            (chosen < 0 ? "" : "number " + chosen + " is taken: " + chosenBy() + "; ")
                + "--device or "
                + Backends.DEVICE_VARIABLE
                + " chooses, by number or a part of a name");
      }
      return lines;
    }
  }
}
