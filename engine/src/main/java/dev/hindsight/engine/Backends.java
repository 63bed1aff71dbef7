package dev.hindsight.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds backends. {@code auto} takes the fastest CPU backend that runs here; a backend that was
 * asked for by name and cannot run fails with the reason and the fix, and nothing else takes its
 * place.
 */
public final class Backends {
  private static final String AUTO = "auto";
  private static final ConcurrentHashMap<String, Backend> OPEN = new ConcurrentHashMap<>();
  private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

  private Backends() {}

  /** What a module registers with {@link ServiceLoader} for each backend that it brings. */
  public interface Provider {
    /** The name for {@code --backend}. */
    String name();

    /** Larger goes first in {@code auto}; negative is never chosen by {@code auto}. */
    int priority();

    /** Why it cannot run here and how to mend that; empty when it can. */
    Optional<String> unavailable();

    /** The backend; called once. */
    Backend open();
  }

  /** Every provider on the class or module path, highest priority first. */
  public static List<Provider> providers() {
    List<Provider> all = new ArrayList<>();
    ServiceLoader.load(Provider.class, Backends.class.getClassLoader()).forEach(all::add);
    all.sort(Comparator.comparingInt(Provider::priority).reversed());
    return all;
  }

  /**
   * The backend of that name, or the best one for {@code auto}. One instance a name and process.
   *
   * @throws IllegalArgumentException when no backend has that name (the message lists those that
   *     exist)
   * @throws IllegalStateException when it cannot run here (the message has the reason and the fix)
   */
  public static Backend get(String name) {
    Backend open = OPEN.get(name);
    if (open != null) {
      return open;
    }
    Provider chosen = choose(name, providers());
    return OPEN.computeIfAbsent(chosen.name(), n -> chosen.open());
  }

  static Provider choose(String name, List<Provider> providers) {
    if (name.equals(AUTO)) {
      return best(providers);
    }
    for (Provider p : providers) {
      if (p.name().equals(name)) {
        Optional<String> reason = p.unavailable();
        if (reason.isPresent()) {
          throw new IllegalStateException("backend " + name + " cannot run here: " + reason.get());
        }
        return p;
      }
    }
    throw new IllegalArgumentException(
        "backend: there is none called '"
            + name
            + "'; known are auto, "
            + String.join(", ", providers.stream().map(Provider::name).toList()));
  }

  private static Provider best(List<Provider> providers) {
    List<String> reasons = new ArrayList<>();
    for (Provider p : providers) {
      if (p.priority() < 0) {
        continue;
      }
      Optional<String> reason = p.unavailable();
      if (reason.isEmpty()) {
        return p;
      }
      reasons.add(p.name() + ": " + reason.get());
      warnOnce(p.name(), reason.get());
    }
    throw new IllegalStateException(
        "backend auto: no CPU backend can run here; " + String.join("; ", reasons));
  }

  private static void warnOnce(String name, String reason) {
    if (WARNED.add(name)) {
      System.err.println("hindsight: the " + name + " backend is left out: " + reason);
    }
  }
}
