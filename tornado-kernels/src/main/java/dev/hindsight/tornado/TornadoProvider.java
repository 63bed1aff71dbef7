package dev.hindsight.tornado;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.ComputeDevice;
import dev.hindsight.engine.vector.VectorProvider;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Offers the {@code tornado} backend where TornadoVM is in the process. It is taken only when asked
 * for by name. Touches no class of TornadoVM before it knows that its runtime is there.
 */
public final class TornadoProvider implements Backends.Provider {
  /** The runtime's module; the API alone, which tests have, runs nothing. */
  private static final String RUNTIME = "tornado.runtime";

  /** Read by TornadoVM once, when its runtime starts. */
  private static final String BAILOUT = "tornado.recover.bailout";

  @Override
  public String name() {
    return TornadoBackend.NAME;
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public Optional<String> unavailable() {
    if (ModuleLayer.boot().findModule(RUNTIME).isEmpty()) {
      return Optional.of(
          "TornadoVM is not in this process; install its SDK (5.2.0 for JDK 25), set TORNADOVM_HOME"
              + " to its folder and start with ./hindsight COMMAND --backend tornado");
    }
    String bailout = System.getProperty(BAILOUT, "false").toLowerCase(Locale.ROOT);
    if (!bailout.equals("false")) {
      return Optional.of(
          "-D"
              + BAILOUT
              + "="
              + bailout
              + " lets TornadoVM run a kernel that it cannot compile as sequential Java, which gives"
              + " wrong results; leave it out");
    }
    return new VectorProvider().unavailable();
  }

  @Override
  public List<ComputeDevice> devices() {
    return all().stream().map(TornadoDevices::describe).toList();
  }

  @Override
  public String order() {
    return "TornadoVM's own default comes first";
  }

  @Override
  public Backend open() {
    return open(0);
  }

  @Override
  public Backend open(int device) {
    return TornadoBackend.open(all().get(device));
  }

  /** Whoever asks for the first time starts the runtime, which then reads the property. */
  private static List<TornadoDevice> all() {
    System.setProperty(BAILOUT, "False");
    return TornadoDevices.all();
  }
}
