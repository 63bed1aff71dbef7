package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.util.List;
import java.util.Optional;

/**
 * Offers the {@code opencl} backend where an OpenCL driver is installed. It is taken only when
 * asked for by name. The property {@code hindsight.opencl.device}, or the variable {@code
 * HINDSIGHT_DEVICE}, chooses by a part of the device's, vendor's or platform's name ({@code
 * NVIDIA}, {@code AMD}, {@code Intel}, {@code PoCL}, {@code Apple}); without either it is the GPU
 * with the most compute units, and then whatever there is.
 */
public final class OpenClProvider implements Backends.Provider {
  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public Optional<String> unavailable() {
    try {
      choose(DeviceInfo.all());
      return Optional.empty();
    } catch (IllegalStateException e) {
      return Optional.of(e.getMessage());
    } catch (LinkageError | UnsupportedOperationException e) {
      return Optional.of(
          "the OpenCL library cannot be loaded ("
              + e.getMessage()
              + "); install the driver of your GPU, or on Debian and Ubuntu ocl-icd-libopencl1 and"
              + " pocl-opencl-icd for the CPU");
    }
  }

  @Override
  public Backend open() {
    return new OpenClBackend(new Device(choose(DeviceInfo.all())));
  }

  private static String wanted() {
    String property = System.getProperty("hindsight.opencl.device");
    String variable = System.getenv("HINDSIGHT_DEVICE");
    return property != null ? property : variable != null ? variable : "";
  }

  private static DeviceInfo choose(List<DeviceInfo> devices) {
    String wanted = wanted();
    for (DeviceInfo device : devices) {
      if (device.isCalled(wanted)) {
        return device;
      }
    }
    throw new IllegalStateException(
        devices.isEmpty()
            ? "no OpenCL device was found; install the driver of your GPU, or on Debian and Ubuntu"
                + " pocl-opencl-icd for the CPU"
            : "no OpenCL device is called '"
                + wanted
                + "'; there are "
                + String.join(", ", devices.stream().map(DeviceInfo::name).toList()));
  }
}
