package dev.hindsight.tornado;

import dev.hindsight.engine.ComputeDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM drives. */
final class TornadoDevices {
  private TornadoDevices() {}

  /** TornadoVM's default device, and then the others in its own order. */
  static List<TornadoDevice> all() {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    List<TornadoDevice> devices = new ArrayList<>(List.of(runtime.getDefaultDevice()));
    for (int i = 0; i < runtime.getNumBackends(); i++) {
      TornadoBackend driver = runtime.getBackend(i);
      for (TornadoDevice device : driver.getAllDevices()) {
        if (!device.equals(devices.getFirst())) {
          devices.add(device);
        }
      }
    }
    return devices;
  }

  static ComputeDevice describe(TornadoDevice device) {
    TornadoTargetDevice target = device.getPhysicalDevice();
    String platform = strip(device.getPlatformName());
    return new ComputeDevice(
        strip(target.getDeviceName()),
        platform,
        platform,
        "TornadoVM " + device.getTornadoVMBackend(),
        strip(device.getDeviceOpenCLCVersion()),
        device.getDeviceType().name().replace("CL_DEVICE_TYPE_", "").toLowerCase(Locale.ROOT),
        target.getDeviceMaxComputeUnits(),
        target.getDeviceGlobalMemorySize(),
        target.getDeviceMaxAllocationSize(),
        target.getDeviceLocalMemorySize());
  }

  private static String strip(String text) {
    return text == null ? "" : text.strip();
  }
}
