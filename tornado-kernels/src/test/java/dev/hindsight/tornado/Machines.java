package dev.hindsight.tornado;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What runs kernels here: TornadoVM where it is in the process, else plain Java and the emulation,
 * which would change what TornadoVM compiles.
 */
final class Machines {
  private static final List<Machine> ALL = all();

  private Machines() {}

  private static List<Machine> all() {
    return new TornadoProvider().unavailable().isEmpty()
        ? List.of(onTornadoVm(4), onTornadoVm(8))
        : List.of(new PlainMachine(), new EmulatedMachine(4, 1), new EmulatedMachine(8, 2));
  }

  /** On TornadoVM's default device. */
  static TaskGraphMachine onTornadoVm(int block) {
    return new TaskGraphMachine(TornadoDevices.all().getFirst(), block);
  }

  static Stream<Machine> stream() {
    return ALL.stream();
  }

  /** Is told of the buffers of each product before it runs. */
  interface Watcher {
    void before(DeviceBuffer a, DeviceBuffer b, DeviceBuffer out);
  }

  /** {@code machine}, watched. */
  static Machine watching(Machine machine, Watcher watcher) {
    return (Machine)
        Proxy.newProxyInstance(
            Machine.class.getClassLoader(),
            new Class<?>[] {Machine.class},
            (proxy, method, arguments) -> {
              Object result = method.invoke(machine, arguments);
              return result instanceof Machine.ProductPlan plan ? watching(plan, watcher) : result;
            });
  }

  private static Machine.ProductPlan watching(Machine.ProductPlan plan, Watcher watcher) {
    return new Machine.ProductPlan() {
      @Override
      public void run(DeviceBuffer a, DeviceBuffer b, DeviceBuffer out) {
        watcher.before(a, b, out);
        plan.run(a, b, out);
      }

      @Override
      public void close() {
        plan.close();
      }
    };
  }

  /** Bytes of the device's memory that the machine has taken and not given back. */
  static long bytesInUse(Machine machine) {
    return switch (machine) {
      case PlainMachine plain -> plain.held();
      case EmulatedMachine emulated -> emulated.memoryOfProducts().held();
      default -> bytesInUseOfTornadoVm();
    };
  }

  /** TornadoVM's list of the buffers that it has handed out. */
  private static long bytesInUseOfTornadoVm() {
    try {
      Object context = TornadoDevices.all().getFirst().getDeviceContext();
      Object provider = context.getClass().getMethod("getBufferProvider").invoke(context);
      Field used = provider.getClass().getSuperclass().getDeclaredField("usedBuffers");
      used.setAccessible(true);
      long bytes = 0;
      for (Object buffers : ((Map<?, ?>) used.get(provider)).values()) {
        for (Object buffer : (List<?>) buffers) {
          Method size = buffer.getClass().getDeclaredMethod("size");
          size.setAccessible(true);
          bytes += (long) size.invoke(buffer);
        }
      }
      return bytes;
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("this TornadoVM does not show its buffers", e);
    }
  }

  /** Whether it fuses multiply-adds, so that the bits are those of the reference backend. */
  static boolean fuses(Machine machine) {
    return machine instanceof TaskGraphMachine;
  }
}
