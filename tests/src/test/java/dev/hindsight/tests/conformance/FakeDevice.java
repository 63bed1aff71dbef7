package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import dev.hindsight.engine.reference.ReferenceBackend;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A device that is not there: its memory is byte arrays that no segment reaches, so that whatever
 * above {@link Backend} touches host memory fails on it. Its kernels mirror their operands into
 * host memory, let the reference backend compute, and copy the result back; only {@code upload} and
 * {@code download} count as transfers. Every method that a backend has works here on the day it is
 * added.
 */
public final class FakeDevice implements InvocationHandler {
  /** The memory of a storage: a part of a byte array that only this class can see. */
  private static final class DeviceStorage extends Storage {
    private final byte[] memory;
    private final int start;

    DeviceStorage(
        Backend backend, byte[] memory, int start, long bytes, Workspace.Generation generation) {
      super(backend, bytes, generation);
      this.memory = memory;
      this.start = start;
    }

    MemorySegment view() {
      return MemorySegment.ofArray(memory).asSlice(start, bytes());
    }
  }

  private record DeviceSlab(Backend backend, byte[] memory) implements Backend.Slab {
    @Override
    public long bytes() {
      return memory.length;
    }

    @Override
    public Storage slice(long offset, long bytes, Workspace.Generation generation) {
      return new DeviceStorage(backend, memory, Math.toIntExact(offset), bytes, generation);
    }

    @Override
    public void release() {}
  }

  private final ReferenceBackend reference = new ReferenceBackend();
  private final Backend backend =
      (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  private final AtomicLong uploads = new AtomicLong();
  private final AtomicLong downloads = new AtomicLong();

  /** A new device. */
  public Backend backend() {
    return backend;
  }

  /** How often host memory went to the device. */
  public long uploads() {
    return uploads.get();
  }

  /** How often device memory came to the host. */
  public long downloads() {
    return downloads.get();
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    return switch (method.getName()) {
      case "equals" -> proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(this);
      case "name", "toString" -> "fake-device";
      case "description" -> "fake-device: byte arrays behind a seam";
      case "supports" -> ((DType) arguments[0]).computes();
      case "allocate" -> {
        int bytes = Math.toIntExact((long) arguments[0]);
        yield new DeviceStorage(backend, new byte[bytes], 0, bytes, Workspace.Generation.ETERNAL);
      }
      case "newSlab" -> new DeviceSlab(backend, new byte[Math.toIntExact((long) arguments[0])]);
      default ->
          method.isDefault()
              ? InvocationHandler.invokeDefault(proxy, method, arguments)
              : kernel(method, arguments);
    };
  }

  private Object kernel(Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("upload")) {
      uploads.incrementAndGet();
    } else if (method.getName().equals("download")) {
      downloads.incrementAndGet();
    }
    Map<DeviceStorage, HostStorage> mirrors = new IdentityHashMap<>();
    Object[] mirrored = arguments.clone();
    for (int i = 0; i < mirrored.length; i++) {
      if (mirrored[i] instanceof Tensor t) {
        HostStorage host = mirrors.computeIfAbsent((DeviceStorage) t.storage(), this::mirror);
        mirrored[i] = new Tensor(host, t.dtype(), t.shape(), t.strides(), t.offset());
      }
    }
    try {
      return method.invoke(reference, mirrored);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      mirrors.forEach((device, host) -> device.view().copyFrom(host.segment()));
    }
  }

  private HostStorage mirror(DeviceStorage device) {
    HostStorage host = (HostStorage) reference.allocate(device.bytes());
    host.segment().copyFrom(device.view());
    return host;
  }
}
