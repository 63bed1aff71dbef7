package dev.hindsight.tornado;

import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.CacheFolder;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.vector.VectorBackend;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/**
 * The Vector backend with matrix products and attention on a device, which TornadoVM compiles for
 * and drives. Tensors stay in host memory; operands that the device does not have go there and
 * results come back at each call, so a product must be large to gain: {@link CostModel} knows from
 * which size on.
 *
 * <p>The property {@code hindsight.tornado.offload} overrules it: {@code always} has everything on
 * the device that can be there, {@code measured} is the default.
 */
final class TornadoBackend extends VectorBackend {
  static final String NAME = "tornado";

  private static final String OFFLOAD = "hindsight.tornado.offload";

  private final String device;
  private final Machine machine;
  private final CostModel cost;
  private final Ledger ledger = new Ledger();
  private final DeviceMemory memory;
  private final Matmul matmul;
  private final Attention attention;

  /** TornadoVM's plans, and the memory that they share, are for one thread at a time. */
  private final Object turn = new Object();

  /**
   * @param device what the machine computes on, in a few words
   * @param machine computes what {@code cost} says is faster there
   */
  TornadoBackend(String device, Machine machine, CostModel cost) {
    this.device = device;
    this.machine = machine;
    this.cost = cost;
    this.memory = new DeviceMemory(machine, machine.memory() / 2);
    this.matmul = new Matmul(machine, memory, ledger);
    this.attention = new Attention(machine, this, ledger);
    requireSameBits();
  }

  /** On this device, with what was measured there before or is measured now. */
  static TornadoBackend open(TornadoDevice device) {
    TaskGraphMachine machine = new TaskGraphMachine(device, 4);
    machine.requireUsable();
    String name = machine.deviceName() + " (" + machine.platform() + ")";
    CostModel cost = costs(name, block -> new TaskGraphMachine(device, block));
    return new TornadoBackend(name, new TaskGraphMachine(device, cost.block()), cost);
  }

  private static CostModel costs(String device, IntFunction<Machine> machine) {
    String offload = System.getProperty(OFFLOAD, "measured");
    if (offload.equals("always")) {
      return CostModel.always(4);
    }
    if (!offload.equals("measured")) {
      throw new IllegalArgumentException(
          "backend tornado: -D" + OFFLOAD + ": expected measured or always, got '" + offload + "'");
    }
    VectorBackend host = new VectorBackend();
    String key = device + ", " + host.description();
    Path file =
        CacheFolder.of(NAME)
            .resolve(key.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-") + ".properties");
    return CostModel.read(file)
        .orElseGet(
            () -> {
              System.err.println(
                  "hindsight: measuring "
                      + device
                      + " beside the CPU, once (kept in "
                      + file
                      + ")");
              CostModel measured = new Calibration(host).measure(machine);
              measured.write(file);
              return measured;
            });
  }

  /**
   * A product may be computed here or there at each call, so both must give the same bits.
   *
   * @throws IllegalStateException when the device rounds otherwise
   */
  private void requireSameBits() {
    Tensor a = fractions(33, 40);
    Tensor b = fractions(40, 35);
    Tensor there = fractions(33, 35);
    Tensor here = fractions(33, 35);
    Product product = Product.of(a, b, there, false);
    if (product != null) {
      onDevice(() -> matmul.run(product, a, b, there));
    }
    super.matmul(a, b, here, false);
    if (!Arrays.equals(there.toFloats(), here.toFloats())) {
      throw new IllegalStateException(
          "backend tornado: a product on "
              + device
              + " has other bits than a chain of fused multiply-adds; if TornadoVM was told not to"
              + " fuse (-Dtornado.enable.fma=False), leave that out; else take --backend vector");
    }
  }

  private Tensor fractions(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1.0f / (i + 3) - 0.1f;
    }
    return Tensor.of(this, Shape.of(rows, columns), values);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "tornado: "
        + cost.offloaded()
        + " on "
        + device
        + "; the rest on "
        + super.description();
  }

  @Override
  public List<String> summary() {
    return ledger.lines(device);
  }

  /** The device's or the CPU's, whichever is more: products are computed here or there. */
  @Override
  public OptionalDouble measurePeak() {
    double host = super.measurePeak().orElse(0);
    synchronized (turn) {
      return OptionalDouble.of(Math.max(host, machine.measurePeak().orElse(0)));
    }
  }

  // ---------------------------------------------------------------- products

  @Override
  public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    if (!offloadProduct(a, b, out, accumulate)) {
      super.matmul(a, b, out, accumulate);
    }
  }

  @Override
  public void linear(
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable UnaryOp activation,
      @Nullable Tensor residual,
      @Nullable Tensor before,
      Tensor out) {
    Tensor sum = before == null ? out : before;
    if (!offloadProduct(x, weight.transpose(0, 1), sum, false)) {
      super.linear(x, weight, bias, activation, residual, before, out);
      return;
    }
    if (bias != null) {
      binary(BinaryOp.ADD, sum, bias.expand(sum.shape()), sum);
    }
    if (activation != null) {
      unary(activation, sum, out);
    }
    if (residual != null) {
      binary(BinaryOp.ADD, residual, out, out);
    }
  }

  /** Computes the product on the device if that is faster; gives whether it was. */
  private boolean offloadProduct(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    Product product = out.dtype() == DType.F32 ? Product.of(a, b, out, accumulate) : null;
    if (product == null) {
      return false;
    }
    boolean pays = pays(product, a, b);
    ledger.count(Ledger.Work.PRODUCTS, pays, product.operations());
    if (pays) {
      try {
        onDevice(() -> matmul.run(product, a, b, out));
      } finally { // the device knows memory by its address alone
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
        Reference.reachabilityFence(out);
      }
    }
    return pays;
  }

  private boolean pays(Product product, Tensor a, Tensor b) {
    synchronized (turn) {
      double send = memory.bytesToSend(a, product.aSize());
      return cost.pays(product, send + memory.bytesToSend(b, product.bSize()));
    }
  }

  // --------------------------------------------------------------- attention

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out, Tensor lse) {
    if (offloadAttention(Ledger.Work.ATTENTION, q, k, layout)) {
      onDevice(() -> attention.forward(q, k, v, layout, scale, out, lse));
    } else {
      super.attention(q, k, v, layout, scale, out, lse);
    }
  }

  @Override
  public void attention(
      Tensor q, Tensor k, Tensor v, SequenceLayout layout, double scale, Tensor out) {
    if (offloadAttention(Ledger.Work.ATTENTION, q, k, layout)) {
      Tensor lse = TensorOps.empty(this, q.dtype(), Shape.of(q.dim(0), q.dim(1)));
      onDevice(() -> attention.forward(q, k, v, layout, scale, out, lse));
    } else {
      super.attention(q, k, v, layout, scale, out);
    }
  }

  @Override
  public void attentionBackward(
      Tensor q,
      Tensor k,
      Tensor v,
      SequenceLayout layout,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    if (offloadAttention(Ledger.Work.ATTENTION_GRADIENTS, q, k, layout)) {
      onDevice(() -> attention.backward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv));
    } else {
      super.attentionBackward(q, k, v, layout, scale, out, lse, dOut, dq, dk, dv);
    }
  }

  private boolean offloadAttention(Ledger.Work work, Tensor q, Tensor k, SequenceLayout layout) {
    if (q.dtype() != DType.F32) {
      return false;
    }
    boolean offload = cost.attention() && attention.fits(q, k, layout);
    double scores = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      int length = layout.queryLength()[s];
      scores +=
          length == 0
              ? 0
              : length * 0.5 * (layout.visibleKeys(s, 0) + layout.visibleKeys(s, length - 1));
    }
    double products = work == Ledger.Work.ATTENTION ? 2 : 5; // matrix products of all scores
    ledger.count(work, offload, products * 2 * scores * q.dim(1) * q.dim(2));
    return offload;
  }

  // ------------------------------------------------------------- the device

  /** One at a time; when the device's memory is full, once more with no plan but this one. */
  private void onDevice(Runnable work) {
    synchronized (turn) {
      try {
        work.run();
      } catch (TornadoOutOfMemoryException full) {
        matmul.freeDeviceMemory();
        attention.freeDeviceMemory();
        try {
          work.run();
        } catch (TornadoOutOfMemoryException e) {
          String wanted = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
          OutOfMemoryError error =
              new OutOfMemoryError(
                  "backend tornado: no room on "
                      + device
                      + ": "
                      + wanted.replaceAll("\u001b\\[[0-9;]*m", "") // its colours
                      + " TornadoVM takes as much as -Dtornado.device.memory says (default 4GB):"
                      + " raise that in HINDSIGHT_JAVA_OPTS, or take a smaller batch");
          error.initCause(e);
          throw error;
        }
      }
    }
  }
}
