package dev.hindsight.tornado;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products on a {@link Machine}, over the tensors' own memory. What a product is goes to the
 * device as numbers, and the operands lie in {@link DeviceMemory}, so a plan serves all products of
 * as many batches.
 */
final class Matmul {
  /** One for each power of two of batches. */
  private static final int KEPT = 17;

  private final Machine machine;
  private final Ledger ledger;
  private final DeviceMemory memory;
  private final Plans<Integer, Ready> plans = new Plans<>(KEPT);

  Matmul(Machine machine, DeviceMemory memory, Ledger ledger) {
    this.machine = machine;
    this.memory = memory;
    this.ledger = ledger;
  }

  /** A plan and what it works on. */
  private static final class Ready implements AutoCloseable {
    private final SharedArray a = new SharedArray();
    private final SharedArray b = new SharedArray();
    private final SharedArray out = new SharedArray();
    private final IntArray numbers;
    private final Machine.ProductPlan plan;
    private boolean compiled;

    Ready(Machine machine, int batches) {
      numbers = new IntArray(MatmulKernels.FIRSTS + 3 * batches);
      plan = machine.matmul(a.array(), b.array(), out.array(), numbers);
    }

    @Override
    public void close() {
      plan.close();
    }
  }

  /** Computes {@code product}, which is of these tensors. */
  void run(Product product, Tensor a, Tensor b, Tensor out) {
    int batches = powerOfTwo(product.batches());
    Ready ready = plans.get(batches, count -> new Ready(machine, count));
    int[] numbers = product.numbers();
    for (int i = 0; i < numbers.length; i++) {
      ready.numbers.set(i, numbers[i]);
    }
    ready.a.moveTo(address(a), product.aSize());
    ready.b.moveTo(address(b), product.bSize());
    ready.out.moveTo(address(out), product.outSize());
    DeviceBuffer aBuffer = memory.of(a, product.aSize());
    DeviceBuffer bBuffer = memory.of(b, product.bSize());
    DeviceBuffer outBuffer = memory.of(out, product.outSize());
    outBuffer.current |= !product.sendsOut(); // all of it is written, and nothing read
    boolean done = false;
    long began = System.nanoTime();
    try {
      ready.out.keepingHeader(() -> ready.plan.run(aBuffer, bBuffer, outBuffer));
      done = true;
    } finally {
      aBuffer.current = done;
      bBuffer.current = done;
      outBuffer.current = false; // a layer adds its bias to it, and counts one write for both
    }
    if (!ready.compiled) {
      ready.compiled = true;
      ledger.addCompiled(System.nanoTime() - began);
    }
  }

  private static int powerOfTwo(int count) {
    return count <= 1 ? 1 : Integer.highestOneBit(count - 1) * 2;
  }

  /** Where the first element of a tensor lies. */
  static long address(Tensor t) {
    return HostStorage.segmentOf(t).address() + t.offset() * t.dtype().bytes();
  }

  /** Closes all plans, and drops what lies on the device, which is wanted for something else. */
  void freeDeviceMemory() {
    plans.clear();
    memory.clear();
  }
}
