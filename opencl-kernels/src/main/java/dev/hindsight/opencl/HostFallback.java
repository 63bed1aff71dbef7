package dev.hindsight.opencl;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Computes on the CPU what has no kernel on the device, F64 above all: operands are read, the CPU's
 * backend computes, what changed is written back. Right, and slow; {@link #calls} counts.
 */
final class HostFallback implements InvocationHandler {
  private final Device device;
  private final Backend host = Backends.get("auto");
  private final Map<String, Long> calls = new ConcurrentSkipListMap<>();

  HostFallback(Device device) {
    this.device = device;
  }

  /** A backend for tensors of the device. */
  Backend backend() {
    return (Backend)
        Proxy.newProxyInstance(
            HostFallback.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  }

  /** How often which primitive was called, with which types of tensors: {@code matmul F64}. */
  Map<String, Long> calls() {
    return calls;
  }

  private static String called(Method method, Object[] arguments) {
    StringBuilder name = new StringBuilder(method.getName());
    Arrays.stream(arguments)
        .filter(Tensor.class::isInstance)
        .map(t -> ((Tensor) t).dtype())
        .distinct()
        .forEach(dtype -> name.append(' ').append(dtype));
    return name.toString();
  }

  /** One storage of the device and its twin in host memory. */
  private record Mirror(Tensor host, MemorySegment before) {}

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    calls.merge(called(method, arguments), 1L, Long::sum);
    try (Arena arena = Arena.ofConfined()) {
      Map<DeviceStorage, Mirror> mirrors = new IdentityHashMap<>();
      Object[] mirrored = new Object[arguments.length];
      for (int i = 0; i < arguments.length; i++) {
        mirrored[i] = mirror(arguments[i], mirrors, arena);
      }
      Object result = method.invoke(host, mirrored);
      mirrors.forEach((storage, mirror) -> writeBack(storage, mirror, arena));
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private Object mirror(Object argument, Map<DeviceStorage, Mirror> mirrors, Arena arena) {
    if (argument instanceof List<?> list) {
      List<Object> all = new ArrayList<>();
      list.forEach(x -> all.add(mirror(x, mirrors, arena)));
      return all;
    }
    if (!(argument instanceof Tensor t)) {
      return argument;
    }
    Mirror mirror = mirrors.computeIfAbsent(DeviceStorage.of(t), s -> read(s, arena));
    return new Tensor(mirror.host.storage(), t.dtype(), t.shape(), t.strides(), t.offset());
  }

  private static Tensor bytes(Storage storage) {
    // The type only carries the bytes.
    return new Tensor(storage, DType.F16, Shape.of(Math.toIntExact(storage.bytes() / 2)));
  }

  private Mirror read(DeviceStorage storage, Arena arena) {
    MemorySegment before = arena.allocate(Math.max(1, storage.bytes()), 64);
    MemorySegment used = before.asSlice(0, storage.bytes());
    storage.read(device, 0, used);
    Tensor twin = bytes(host.allocate(storage.bytes()));
    host.upload(used, twin);
    return new Mirror(twin, used);
  }

  private void writeBack(DeviceStorage storage, Mirror mirror, Arena arena) {
    MemorySegment after = arena.allocate(Math.max(1, storage.bytes()), 64);
    MemorySegment used = after.asSlice(0, storage.bytes());
    host.download(mirror.host, used);
    if (used.mismatch(mirror.before) >= 0) {
      storage.write(device, used, 0);
    }
  }
}
