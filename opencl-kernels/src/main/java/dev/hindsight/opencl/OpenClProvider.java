package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.ComputeDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Optional;
import org.jocl.CLException;

/**
 * Offers the {@code opencl} backend where an OpenCL driver is installed. It is taken only when
 * asked for by name.
 */
public final class OpenClProvider implements Backends.Provider {
  private static final String INSTALL =
      "; install the driver of your GPU, or on Debian and Ubuntu, for the CPU: apt-get install"
          + " ocl-icd-libopencl1 pocl-opencl-icd";

  @Override
  public String name() {
    return OpenClBackend.NAME;
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public Optional<String> unavailable() {
    if (!hasLibrary()) {
      return Optional.of("there is no OpenCL library" + INSTALL);
    }
    try {
      return DeviceInfo.all().isEmpty()
          ? Optional.of("no driver offers an OpenCL device" + INSTALL)
          : Optional.empty();
    } catch (LinkageError | UnsupportedOperationException e) {
      return Optional.of("the OpenCL library cannot be loaded (" + e.getMessage() + ")" + INSTALL);
    } catch (CLException e) {
      return Optional.of("the OpenCL driver fails with " + e.getMessage() + "; clinfo says more");
    }
  }

  /**
   * Looks before JOCL does: on Linux, where it may well be missing, JOCL writes that to standard
   * output, into what a command prints for programs.
   */
  private static boolean hasLibrary() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return true;
    }
    for (String name : List.of("libOpenCL.so.1", "libOpenCL.so")) {
      try {
        SymbolLookup.libraryLookup(name, Arena.global());
        return true;
      } catch (IllegalArgumentException e) {
        // the next one, or none
      }
    }
    return false;
  }

  @Override
  public List<ComputeDevice> devices() {
    return DeviceInfo.all().stream().map(DeviceInfo::described).toList();
  }

  @Override
  public Backend open() {
    return open(0);
  }

  @Override
  public Backend open(int device) {
    return new OpenClBackend(new Device(DeviceInfo.all().get(device)));
  }
}
