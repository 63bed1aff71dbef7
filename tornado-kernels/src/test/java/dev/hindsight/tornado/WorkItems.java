package dev.hindsight.tornado;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;

/**
 * A device that is not there: runs a kernel with a {@link KernelContext} as plain Java, a group at
 * a time, with a thread for each work-item. The items of a group meet at its barriers and share
 * what it allocates in local memory, which begins as NaN: a kernel that reads what no item wrote
 * shows.
 */
final class WorkItems {
  private static final List<String> AXES = List.of("x", "y", "z");

  private WorkItems() {}

  /** What the items of one group share. */
  private static final class Group {
    private final List<float[]> local = new ArrayList<>();
    private int running;
    private int waiting;
    private int barriers;
    private @Nullable Throwable failure;

    Group(int items) {
      running = items;
    }

    /** The array that the items allocate as their {@code index}-th. */
    synchronized float[] local(int index, int size) {
      if (index == local.size()) {
        float[] memory = new float[size];
        Arrays.fill(memory, Float.NaN);
        local.add(memory);
      }
      if (local.get(index).length != size) {
        throw new AssertionError("work-items of one group allocate local arrays of two sizes");
      }
      return local.get(index);
    }

    synchronized void barrier() throws InterruptedException {
      int mine = barriers;
      waiting++;
      if (waiting == running) {
        waiting = 0;
        barriers++;
        notifyAll();
      }
      while (mine == barriers) {
        if (failure != null) {
          throw new AssertionError("another work-item of the group failed");
        }
        wait();
      }
    }

    /** On a device an item that ends while others are at a barrier is undefined behaviour. */
    synchronized void ended(@Nullable Throwable how) {
      running--;
      if (how == null && waiting > 0) {
        how = new AssertionError("a work-item ended while others of its group wait at a barrier");
      }
      if (failure == null) {
        failure = how;
      }
      notifyAll();
    }

    synchronized void requireSuccess() {
      if (failure != null) {
        throw new AssertionError("a work-item failed: " + failure.getMessage(), failure);
      }
    }
  }

  private static final class Item extends KernelContext {
    private final Group group;
    private int allocated;

    Item(Group group, int[] local, int[] groupId, int[] localSize, int[] groups) {
      this.group = group;
      for (int axis = 0; axis < AXES.size(); axis++) {
        String name = AXES.get(axis);
        set("localId" + name, local[axis]);
        set("groupId" + name, groupId[axis]);
        set("globalId" + name, groupId[axis] * localSize[axis] + local[axis]);
        set("localGroupSize" + name.toUpperCase(Locale.ROOT), localSize[axis]);
        set("globalGroupSize" + name.toUpperCase(Locale.ROOT), groups[axis] * localSize[axis]);
      }
    }

    /** They are final, and 0, in TornadoVM: its compiler replaces every read of them. */
    private void set(String name, int value) {
      try {
        Field field = KernelContext.class.getField(name);
        field.setAccessible(true);
        field.set(this, value);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError("KernelContext." + name + " cannot be set", e);
      }
    }

    @Override
    public void localBarrier() {
      try {
        group.barrier();
      } catch (InterruptedException e) {
        throw new IllegalStateException("a work-item was interrupted at a barrier", e);
      }
    }

    @Override
    public float[] allocateFloatLocalArray(int size) {
      return group.local(allocated++, size);
    }
  }

  /** Runs {@code kernel} in {@code groups} groups of {@code size} items, along three axes. */
  static void run(int[] groups, int[] size, Consumer<KernelContext> kernel) {
    for (int z = 0; z < groups[2]; z++) {
      for (int y = 0; y < groups[1]; y++) {
        for (int x = 0; x < groups[0]; x++) {
          group(new int[] {x, y, z}, groups, size, kernel);
        }
      }
    }
  }

  private static void group(int[] id, int[] groups, int[] size, Consumer<KernelContext> kernel) {
    Group group = new Group(size[0] * size[1] * size[2]);
    List<Thread> threads = new ArrayList<>();
    for (int z = 0; z < size[2]; z++) {
      for (int y = 0; y < size[1]; y++) {
        for (int x = 0; x < size[0]; x++) {
          Item item = new Item(group, new int[] {x, y, z}, id, size, groups);
          threads.add(Thread.startVirtualThread(() -> run(group, item, kernel)));
        }
      }
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted while work-items run", e);
      }
    }
    group.requireSuccess();
  }

  private static void run(Group group, Item item, Consumer<KernelContext> kernel) {
    Throwable how = null;
    try {
      kernel.accept(item);
    } catch (Throwable t) {
      how = t;
    }
    group.ended(how);
  }
}
