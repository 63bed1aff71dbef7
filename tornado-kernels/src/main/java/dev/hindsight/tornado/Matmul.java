package dev.hindsight.tornado;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Matrix products on a {@link Machine}, over the tensors' own memory. */
final class Matmul {
  /** Each keeps memory on the device for its operands; a model has some thirty shapes. */
  private static final int KEPT = 128;

  private final Machine machine;
  private final Plans<Product, Ready> plans = new Plans<>(KEPT);

  Matmul(Machine machine) {
    this.machine = machine;
  }

  /** A compiled product and the arrays that stand for its operands. */
  private record Ready(Machine.Plan plan, SharedArray a, SharedArray b, SharedArray out)
      implements AutoCloseable {
    @Override
    public void close() {
      plan.close();
    }
  }

  /** Computes {@code product}, which is of these tensors. */
  void run(Product product, Tensor a, Tensor b, Tensor out) {
    Ready ready = plans.get(product, this::compile);
    ready.a.moveTo(address(a));
    ready.b.moveTo(address(b));
    ready.out.moveTo(address(out));
    ready.out.keepingHeader(ready.plan::run);
  }

  private Ready compile(Product product) {
    SharedArray a = new SharedArray(product.aSize());
    SharedArray b = new SharedArray(product.bSize());
    SharedArray out = new SharedArray(product.outSize());
    IntArray numbers = IntArray.fromArray(product.numbers());
    boolean gaps = product.outSize() > (long) product.batches() * product.m() * product.n();
    Machine.Plan plan =
        machine.matmul(
            product, a.array(), b.array(), out.array(), numbers, product.accumulate() || gaps);
    return new Ready(plan, a, b, out);
  }

  /** Where the first element of a tensor lies. */
  static long address(Tensor t) {
    return HostStorage.segmentOf(t).address() + t.offset() * t.dtype().bytes();
  }

  /** Closes all plans, whose memory on the device is wanted for something else. */
  void freeDeviceMemory() {
    plans.clear();
  }
}
