package dev.hindsight.tornado;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.memory.DeviceBufferState;

/**
 * Where TornadoVM notes which memory of the device an array of a task graph has, and whether that
 * holds the array's elements. It looks there at each run, so whoever writes there decides what is
 * sent. Its API has the notes' type and no way to them.
 */
final class GraphStates {
  private GraphStates() {}

  /** The note of each object that the graph's kernels take: arrays, and the kernels' contexts. */
  static Map<Object, DeviceBufferState> of(ImmutableTaskGraph graph, TornadoDevice device) {
    try {
      Object mutable = field(ImmutableTaskGraph.class, "taskGraph").get(graph);
      Object implementation = field(TaskGraph.class, "taskGraphImpl").get(mutable);
      Object context = field(implementation.getClass(), "executionContext").get(implementation);
      Map<Object, DeviceBufferState> states = new IdentityHashMap<>();
      for (Object state : (List<?>) call(context, "getObjectStates")) {
        Object onDevices = call(state, "getDataObjectState");
        Method onDevice =
            open(onDevices.getClass().getMethod("getDeviceBufferState", TornadoDevice.class));
        states.put(
            call(state, "getObject"), (DeviceBufferState) onDevice.invoke(onDevices, device));
      }
      return states;
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw new IllegalStateException(
          "backend tornado: this TornadoVM's task graphs do not show what lies on the device;"
              + " install version 5.2.0, with which this was tested",
          e);
    }
  }

  private static Field field(Class<?> type, String name) throws ReflectiveOperationException {
    return open(type.getDeclaredField(name));
  }

  private static Object call(Object on, String method) throws ReflectiveOperationException {
    return open(on.getClass().getMethod(method)).invoke(on);
  }

  private static <T extends AccessibleObject> T open(T member) {
    member.setAccessible(true);
    return member;
  }
}
