package dev.hindsight.tornado;

import dev.hindsight.engine.Storage;
import dev.hindsight.engine.Tensor;
import java.lang.ref.WeakReference;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What lies in a device's memory of the operands of products, so that what did not change since is
 * not sent again: weights in the steps of a rollout, an activation in a forward pass and in the
 * gradient of its weight, a weight and the gradient of a layer's output in a backward pass.
 *
 * <p>A copy is of a part of a {@link Storage}, and current while {@link Storage#version} is what it
 * was: every write through {@link dev.hindsight.engine.TensorOps} or {@link
 * dev.hindsight.engine.LayerOps} counts there, by whichever kernel. Memory that a workspace hands
 * out again is another storage at the same address. Copies of storages that are dead, then those
 * that were used longest ago, make room for others.
 */
final class DeviceMemory {
  /** So many are looked through for one that is dead. */
  private static final int MOST_COPIES = 1024;

  /** The operands and the result of the product that is about to run. */
  private static final int IN_USE = 3;

  /** A weight between two updates is read twice: in the forward and in the backward pass. */
  private static final int READS_OF_A_STEP = 2;

  private final Machine machine;
  private final long most;
  private final LinkedHashMap<Place, Copy> copies = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param most bytes that copies may take, unless a single product needs more
   */
  DeviceMemory(Machine machine, long most) {
    this.machine = machine;
    this.most = most;
  }

  /** So many elements of a storage, which this does not keep from being collected. */
  private record Place(WeakReference<Storage> storage, int hash, long first, int elements) {
    static Place of(Tensor t, int elements) {
      Storage storage = t.storage();
      return new Place(
          new WeakReference<>(storage), System.identityHashCode(storage), t.offset(), elements);
    }

    boolean isDead() {
      Storage s = storage.get();
      return s == null || !s.isAlive();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Place p
          && p.first == first
          && p.elements == elements
          && p.storage.refersTo(storage.get());
    }

    @Override
    public int hashCode() {
      return hash + 31 * (int) first;
    }
  }

  private static final class Copy {
    private final DeviceBuffer buffer;
    private int version;
    private int reads;
    private boolean onDevice;

    private Copy(DeviceBuffer buffer, int version) {
      this.buffer = buffer;
      this.version = version;
    }
  }

  /** The memory for so many elements of {@code t} from its first on. */
  DeviceBuffer of(Tensor t, int elements) {
    Copy copy = copy(t, elements);
    if (!copy.onDevice) {
      copy.onDevice = true;
      takeFromDead(copy.buffer);
      while (held() > most && copies.size() > IN_USE) {
        dropEldest();
      }
    }
    return copy.buffer;
  }

  /**
   * Bytes that a product has to send of this operand. None of what is read more often than once in
   * each pass of a training step: sent once, that stays.
   */
  double bytesToSend(Tensor t, int elements) {
    Copy copy = copy(t, elements);
    copy.reads++;
    boolean stays = copy.buffer.current || copy.reads > READS_OF_A_STEP;
    return stays ? 0 : copy.buffer.bytes();
  }

  private Copy copy(Tensor t, int elements) {
    Place place = Place.of(t, elements);
    int version = t.storage().version();
    Copy copy = copies.get(place);
    if (copy == null) {
      copy = new Copy(new DeviceBuffer(elements), version);
      copies.put(place, copy);
      if (copies.size() > MOST_COPIES) {
        dropEldest();
      }
    } else if (copy.version != version) {
      copy.version = version;
      copy.reads = 0;
      copy.buffer.current = false;
    }
    return copy;
  }

  /** Lets it have memory of the same size that nothing alive needs, if there is some. */
  private void takeFromDead(DeviceBuffer buffer) {
    Iterator<Map.Entry<Place, Copy>> all = copies.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Place, Copy> entry = all.next();
      DeviceBuffer other = entry.getValue().buffer;
      if (other.memory != null && other.elements == buffer.elements && entry.getKey().isDead()) {
        buffer.memory = other.memory;
        all.remove();
        return;
      }
    }
  }

  private void dropEldest() {
    Iterator<Copy> eldest = copies.values().iterator();
    machine.free(eldest.next().buffer);
    eldest.remove();
  }

  /** Bytes on the device, and those that the next product takes. */
  long held() {
    long sum = 0;
    for (Copy copy : copies.values()) {
      sum += copy.onDevice ? copy.buffer.bytes() : 0;
    }
    return sum;
  }

  /** Gives all of it back. */
  void clear() {
    while (!copies.isEmpty()) {
      dropEldest();
    }
  }
}
