package dev.hindsight.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both twins of the product against the reference backend: sizes around the tiles, every transpose
 * form, batches, slices, special values.
 *
 * <p>Most operands are small whole numbers: every sum is exact then, however it is rounded, and a
 * single wrong element shows.
 */
class MatmulTest {
  private static final Backend REFERENCE = Backends.get("reference");

  /** Around 16, which is the depth of a tile, and its 64 rows and columns. */
  private static final int[] SIZES = {1, 3, 15, 16, 17, 33, 63, 64, 65};

  private static final Map<Machine, Matmul> MATMULS = new HashMap<>();

  static Stream<Machine> machines() {
    return Machines.stream();
  }

  static Tensor whole(long seed, int... dims) {
    return tensor(seed, Shape.of(dims), true);
  }

  private static Tensor tensor(long seed, Shape shape, boolean whole) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = whole ? random.nextInt(-8, 9) : random.nextFloat() * 4 - 2;
    }
    return Tensor.of(REFERENCE, shape, values);
  }

  /** Runs on {@code machine} into copies of {@code memory}. */
  static void check(
      Machine machine, Tensor a, Tensor b, Tensor memory, View view, boolean accumulate) {
    Tensor want = TensorOps.copyOf(memory);
    REFERENCE.matmul(a, b, view.of(want), accumulate);
    Matmul matmul = matmul(machine);
    for (int run = 0; run < 2; run++) { // the second finds the operands on the device
      Tensor got = TensorOps.copyOf(memory);
      Tensor out = view.of(got);
      Product product = Product.of(a, b, out, accumulate);
      assertThat(product).isNotNull();
      matmul.run(product, a, b, out);
      assertThat(got.toFloats())
          .as("%s: %s x %s to %s, accumulate %s", machine, a, b, out, accumulate)
          .isEqualTo(want.toFloats());
    }
  }

  /** One a machine, which compiles its plans once. */
  private static Matmul matmul(Machine machine) {
    return MATMULS.computeIfAbsent(
        machine, m -> new Matmul(m, new DeviceMemory(m, m.memory()), new Ledger()));
  }

  interface View {
    Tensor of(Tensor memory);
  }

  @ParameterizedTest
  @MethodSource("machines")
  void everySizeOfEachAxis(Machine machine) {
    for (int size : SIZES) {
      for (boolean accumulate : new boolean[] {false, true}) {
        check(machine, whole(1, size, 9), whole(2, 9, 10), whole(3, size, 10), x -> x, accumulate);
        check(machine, whole(1, 5, size), whole(2, size, 10), whole(3, 5, 10), x -> x, accumulate);
        check(machine, whole(1, 5, 9), whole(2, 9, size), whole(3, 5, size), x -> x, accumulate);
      }
    }
    check(machine, whole(1, 130, 40), whole(2, 40, 140), whole(3, 130, 140), x -> x, false);
  }

  /** Operands transposed or not, cut out of larger tensors, into the middle of a larger one. */
  @ParameterizedTest
  @MethodSource("machines")
  void slicedBatchesInAllTransposeForms(Machine machine) {
    for (int[] size : new int[][] {{1, 19, 40}, {13, 33, 9}, {66, 20, 70}}) {
      for (int form = 0; form < 8; form++) {
        int m = size[0];
        int n = size[2];
        Tensor a = sliced(1, m, size[1], form % 2 == 1);
        Tensor b = sliced(2, size[1], n, form / 2 % 2 == 1);
        Tensor memory = whole(3, 4, m + 2, n + 5);
        View middle = x -> x.slice(0, 1, 3).slice(1, 1, m + 1).slice(2, 3, n + 3);
        check(machine, a, b, memory, middle, form >= 4);
      }
    }
  }

  private static Tensor sliced(long seed, int rows, int columns, boolean transposed) {
    Tensor memory =
        transposed
            ? whole(seed, 4, columns + 3, rows + 2).transpose(1, 2)
            : whole(seed, 4, rows + 2, columns + 3);
    return memory.slice(0, 1, 3).slice(1, 1, rows + 1).slice(2, 2, columns + 2);
  }

  @ParameterizedTest
  @MethodSource("machines")
  void broadcastAndPermutedBatches(Machine machine) {
    Tensor a = whole(1, 3, 2, 5, 17);
    Tensor b = whole(2, 2, 17, 19).expand(Shape.of(3, 2, 17, 19));
    check(machine, a, b, whole(3, 3, 2, 5, 19), x -> x, true);
    Tensor heads = whole(4, 9, 4, 8); // rows, heads, channels
    Tensor queries = heads.permute(1, 0, 2);
    Tensor keys = heads.permute(1, 2, 0);
    check(machine, queries, keys, whole(5, 4, 9, 9), x -> x, false);
  }

  /** An infinity or NaN reaches its own row and column; zeros of a tile's edge change no sign. */
  @ParameterizedTest
  @MethodSource("machines")
  void specialValues(Machine machine) {
    for (float special : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 3e38f, 1e-42f}) {
      Tensor a = whole(1, 5, 7);
      TensorOps.fill(a.slice(0, 2, 3).slice(1, 3, 4), special);
      check(machine, a, whole(2, 7, 11), whole(3, 5, 11), x -> x, false);
    }
    Tensor zero = TensorOps.full(REFERENCE, dev.hindsight.engine.DType.F32, Shape.of(3, 5), -0.0);
    Tensor ones = TensorOps.full(REFERENCE, dev.hindsight.engine.DType.F32, Shape.of(5, 3), 1);
    Tensor negative = zero.slice(1, 0, 3);
    check(machine, zero, ones, TensorOps.copyOf(negative), x -> x, true);
  }

  /**
   * Fractions, over several tiles. Plain Java rounds a product and a sum where the device rounds
   * once: each of 2 k roundings is off by at most 2^-24 of a sum of magnitudes below 4 k.
   */
  @ParameterizedTest
  @MethodSource("machines")
  void fractions(Machine machine) {
    int k = 150;
    Tensor a = tensor(1, Shape.of(70, k), false);
    Tensor b = tensor(2, Shape.of(90, k), false).transpose(0, 1);
    Tensor want = TensorOps.matmul(a, b);
    Tensor got = TensorOps.empty(REFERENCE, want.dtype(), want.shape());
    matmul(machine).run(Product.of(a, b, got, false), a, b, got);
    double bound = Machines.fuses(machine) ? 0 : 2 * k * 0x1p-24 * 4 * k;
    float[] wanted = want.toFloats();
    float[] values = got.toFloats();
    for (int i = 0; i < values.length; i++) {
      assertThat((double) values[i])
          .as("%s: element %d", machine, i)
          .isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(bound));
    }
  }

  /** Any layout of three axes, the last two the matrices: strides are what a permutation gives. */
  @Property(tries = 40, seed = "5")
  void anyLayout(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 20) int m,
      @ForAll @IntRange(min = 1, max = 40) int k,
      @ForAll @IntRange(min = 1, max = 20) int n,
      @ForAll @IntRange(min = 0, max = 35) int layouts,
      @ForAll boolean accumulate) {
    Tensor a = permuted(seed, layouts % 6, 2, m, k);
    Tensor b = permuted(seed + 1, layouts / 6, 2, k, n);
    for (Machine machine : Machines.stream().toList()) {
      check(machine, a, b, whole(seed + 2, 2, m, n), x -> x, accumulate);
    }
  }

  /** A tensor of these extents whose axes lie in memory in one of the six orders. */
  private static Tensor permuted(long seed, int which, int... dims) {
    int[][] orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    int[] order = orders[which];
    int[] memory = new int[3];
    for (int i = 0; i < 3; i++) {
      memory[order[i]] = dims[i];
    }
    return whole(seed, memory).permute(order);
  }

  /** Compiling takes longer than most products. */
  @Test
  void onePlanServesAllProductsOfAsManyBatches() {
    int[] compiled = {0};
    Machine plain = new PlainMachine();
    Machine counting =
        (Machine)
            Proxy.newProxyInstance(
                Machine.class.getClassLoader(),
                new Class<?>[] {Machine.class},
                (proxy, method, arguments) -> {
                  compiled[0] += method.getName().equals("matmul") ? 1 : 0;
                  return method.invoke(plain, arguments);
                });
    Matmul matmul = matmul(counting);
    for (int size = 1; size < 20; size++) {
      multiply(matmul, size);
    }
    assertThat(compiled[0]).isEqualTo(1);
  }

  private static void multiply(Matmul matmul, int size) {
    Tensor a = whole(size, 6, size);
    Tensor b = whole(size + 9, size, 8);
    Tensor out = whole(0, 6, 8);
    matmul.run(Product.of(a, b, out, false), a, b, out);
    assertThat(out.toFloats()).isEqualTo(TensorOps.matmul(a, b).toFloats());
  }
}
