package dev.hindsight.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds backends. {@code auto} takes the fastest CPU backend that runs here; a backend or a device
 * that was asked for by name and is not there fails with the reason and the fix, and nothing else
 * takes its place.
 */
public final class Backends {
  /** The environment variable that chooses a device where the caller does not. */
  public static final String DEVICE_VARIABLE = "HINDSIGHT_DEVICE";

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

    /** The backend, on the first of {@link #devices} if it has devices; called once. */
    Backend open();

    /**
     * The devices to choose from, the one that is taken unasked first; empty for a backend that
     * computes on the CPU alone. Call it where {@link #unavailable} is empty.
     */
    default List<ComputeDevice> devices() {
      return List.of();
    }

    /** Why the first of {@link #devices} comes first. */
    default String order() {
      return "GPUs come first, those with the most compute units before others";
    }

    /** The backend on {@code devices().get(device)}; called once a device. */
    default Backend open(int device) {
      throw new UnsupportedOperationException(name() + " lists devices and opens none");
    }
  }

  /** Every provider on the class or module path, highest priority first. */
  public static List<Provider> providers() {
    List<Provider> all = new ArrayList<>();
    ServiceLoader.load(Provider.class, Backends.class.getClassLoader()).forEach(all::add);
    all.sort(Comparator.comparingInt(Provider::priority).reversed());
    return all;
  }

  /** {@link #get(String, String)} without asking for a device. */
  public static Backend get(String name) {
    return get(name, null);
  }

  /**
   * The backend of that name, or the best one for {@code auto}. One instance a name, device and
   * process.
   *
   * @param device which of its devices: the number in {@link Provider#devices}, or part of the
   *     device's, vendor's or platform's name, in any case, or a larger number in the device's own
   *     name, such as 4090; null for the one that the variable {@value #DEVICE_VARIABLE} names, or
   *     else the first
   * @throws IllegalArgumentException when no backend has that name, or no device of it (the message
   *     lists those that exist)
   * @throws IllegalStateException when it cannot run here (the message has the reason and the fix)
   */
  public static Backend get(String name, @Nullable String device) {
    String asked = device == null ? name : name + " on " + device;
    Backend open = OPEN.get(asked);
    if (open != null) {
      return open;
    }
    Provider provider = choose(name, providers());
    open = open(provider, chosenDevice(provider, device));
    OPEN.put(asked, open);
    return open;
  }

  /**
   * One at a time; a backend that computes a part of its work on another one asks for that here.
   */
  private static synchronized Backend open(Provider provider, int device) {
    String key = device < 0 ? provider.name() : provider.name() + " on " + device;
    Backend open = OPEN.get(key);
    if (open == null) {
      open = device < 0 ? provider.open() : provider.open(device);
      OPEN.put(key, open);
    }
    return open;
  }

  /**
   * The number of the device that {@link #get(String, String)} takes, -1 for a backend without
   * devices.
   */
  public static int chosenDevice(Provider provider, @Nullable String device) {
    return chosenDevice(provider, device, System.getenv(DEVICE_VARIABLE));
  }

  static int chosenDevice(Provider provider, @Nullable String device, @Nullable String variable) {
    List<ComputeDevice> devices = provider.devices();
    if (devices.isEmpty()) {
      if (device != null) {
        throw new IllegalArgumentException(
            "device: backend "
                + provider.name()
                + " has none to choose from, got '"
                + device
                + "'; leave it away, or ask for a backend that has, such as opencl");
      }
      return -1; // the variable is for the backends that have devices
    }
    boolean byVariable = device == null && variable != null && !variable.isBlank();
    String asked = byVariable ? variable : device;
    if (asked == null) {
      return 0;
    }
    int found = ComputeDevice.find(asked, devices);
    if (found < 0) {
      throw new IllegalArgumentException(
          (byVariable ? DEVICE_VARIABLE : "device")
              + ": backend "
              + provider.name()
              + " has none with the number or the name '"
              + asked
              + "'; there are "
              + IntStream.range(0, devices.size())
                  .mapToObj(
                      i ->
                          i + ": " + devices.get(i).name() + " (" + devices.get(i).platform() + ")")
                  .collect(Collectors.joining(", ")));
    }
    return found;
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
