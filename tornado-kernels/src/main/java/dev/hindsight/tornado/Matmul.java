package dev.hindsight.tornado;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products on a {@link Machine}.
 *
 * <p>A plan is compiled for arrays of one size, which takes longer than most products. So a product
 * is first computed by a plan with room to spare, which many products share, over arrays into which
 * the operands are copied. When the copies that a product cost have taken as long as compiling
 * does, it gets a plan for its own sizes, over the tensors' own memory: nothing is copied any more.
 * That is soon so for a training step of one shape, and never for batches of a length that is
 * another each time.
 */
final class Matmul {
  /** Each keeps memory on the device for its operands; a model has some thirty shapes. */
  private static final int KEPT_EXACT = 128;

  /** Each keeps copies on the host, too. */
  private static final int KEPT_ROOMY = 32;

  /** Products whose copies are counted. */
  private static final int REMEMBERED = 1024;

  private final Machine machine;
  private final Ledger ledger;
  private final Plans<ProductShape, Ready> exact = new Plans<>(KEPT_EXACT);
  private final Plans<ProductShape, Ready> roomy = new Plans<>(KEPT_ROOMY);

  /** Nanoseconds that were spent on copies for a product. */
  private final Map<Product, Long> copying =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Product, Long> eldest) {
          return size() > REMEMBERED;
        }
      };

  Matmul(Machine machine, Ledger ledger) {
    this.machine = machine;
    this.ledger = ledger;
  }

  /** A plan and what it works on. */
  private record Ready(
      Machine.Plan plan, SharedArray a, SharedArray b, SharedArray out, IntArray numbers)
      implements AutoCloseable {
    @Override
    public void close() {
      plan.close();
    }
  }

  /** Computes {@code product}, which is of these tensors. */
  void run(Product product, Tensor a, Tensor b, Tensor out) {
    long copied = copying.getOrDefault(product, 0L);
    if (copied > ledger.nanosToCompile()) {
      runExact(product, a, b, out);
    } else {
      copying.put(product, copied + runRoomy(product, a, b, out));
    }
  }

  /** Over the tensors' own memory. */
  void runExact(Product product, Tensor a, Tensor b, Tensor out) {
    Ready plan = exact.get(ProductShape.exact(product), this::compile);
    set(plan.numbers, product);
    plan.a.moveTo(address(a));
    plan.b.moveTo(address(b));
    plan.out.moveTo(address(out));
    plan.out.keepingHeader(plan.plan::run);
  }

  /** Over copies; gives the nanoseconds that they took. */
  private long runRoomy(Product product, Tensor a, Tensor b, Tensor out) {
    Ready plan = roomy.get(ProductShape.roomy(product), this::compile);
    set(plan.numbers, product);
    long began = System.nanoTime();
    plan.a.start(product.aSize()).copyFrom(memory(a, product.aSize()));
    plan.b.start(product.bSize()).copyFrom(memory(b, product.bSize()));
    if (product.sendsOut()) {
      plan.out.start(product.outSize()).copyFrom(memory(out, product.outSize()));
    }
    long copied = System.nanoTime() - began;
    plan.plan.run();
    began = System.nanoTime();
    memory(out, product.outSize()).copyFrom(plan.out.start(product.outSize()));
    return copied + System.nanoTime() - began;
  }

  private Ready compile(ProductShape shape) {
    SharedArray a = new SharedArray(shape.aSize());
    SharedArray b = new SharedArray(shape.bSize());
    SharedArray out = new SharedArray(shape.outSize());
    IntArray numbers = new IntArray(MatmulKernels.FIRSTS + 3 * shape.batches());
    Machine.Plan plan = machine.matmul(shape, a.array(), b.array(), out.array(), numbers);
    return new Ready(ledger.timingFirstRun(plan), a, b, out, numbers);
  }

  private static void set(IntArray numbers, Product product) {
    int[] values = product.numbers();
    for (int i = 0; i < values.length; i++) {
      numbers.set(i, values[i]);
    }
  }

  /** Where the first element of a tensor lies. */
  static long address(Tensor t) {
    return HostStorage.segmentOf(t).address() + t.offset() * t.dtype().bytes();
  }

  /** The memory of so many elements from the first of a tensor. */
  private static MemorySegment memory(Tensor t, int elements) {
    return HostStorage.segmentOf(t)
        .asSlice(t.offset() * Float.BYTES, (long) elements * Float.BYTES);
  }

  /** Closes all plans, whose memory on the device is wanted for something else. */
  void freeDeviceMemory() {
    exact.clear();
    roomy.clear();
  }
}
