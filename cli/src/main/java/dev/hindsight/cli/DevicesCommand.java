package dev.hindsight.cli;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;

/** Lists the backends, and why one cannot run here. */
@Command(
    name = "devices",
    description = "List the backends, their vector width, and why one cannot run here.",
    footer = {"  ./hindsight devices", "  ./hindsight devices --json"})
final class DevicesCommand extends HindsightCommand {
  @Override
  int run(Screen screen) {
    List<Map<String, Object>> backends = new ArrayList<>();
    String auto = null;
    for (Backends.Provider provider : Backends.providers()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      Optional<String> reason = provider.unavailable();
      entry.put("name", provider.name());
      entry.put("available", reason.isEmpty());
      if (reason.isPresent()) {
        entry.put("reason", reason.get());
      } else {
        entry.put("description", Backends.get(provider.name()).description());
        if (auto == null && provider.priority() >= 0) {
          auto = provider.name();
        }
      }
      backends.add(entry);
    }
    Runtime runtime = Runtime.getRuntime();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("backends", backends);
    result.put("auto", auto);
    result.put("threads", Threads.count());
    result.put("processors", runtime.availableProcessors());
    result.put("max_heap_bytes", runtime.maxMemory());
    result.put("java", Runtime.version().toString());
    result.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    screen.result(result);
    for (Map<String, Object> entry : backends) {
      boolean available = (boolean) entry.get("available");
      screen.result(
          String.format(
              "%-10s %s%s",
              entry.get("name"),
              available ? entry.get("description") : "cannot run here: " + entry.get("reason"),
              entry.get("name").equals(auto) ? "   <- --backend auto" : ""));
    }
    screen.result(
        String.format(
            "%-10s %d of %d processors; --threads or HINDSIGHT_THREADS changes that",
            "threads", Threads.count(), runtime.availableProcessors()));
    screen.result(
        String.format(
            "%-10s Java %s, heap up to %d MB, %s %s",
            "JVM",
            Runtime.version(),
            runtime.maxMemory() >> 20,
            System.getProperty("os.name"),
            System.getProperty("os.arch")));
    return 0;
  }
}
