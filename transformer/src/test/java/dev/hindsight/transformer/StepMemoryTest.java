package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradientNorm;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a training step of a decoder takes, and that giving memory back within the step changes no
 * bit of it.
 */
class StepMemoryTest {
  private static final List<int[]> SEQUENCES =
      List.of(new int[] {1, 2, 3, 4, 5}, new int[] {6, 0, 4}, new int[] {2, 2, 1, 6});

  static Stream<DecoderConfig> families() {
    return TestModels.families().stream();
  }

  /** A model, its optimiser, and steps that take their memory from a workspace. */
  private static final class Training {
    final Decoder decoder;
    final AdamW optimiser;
    final @org.jspecify.annotations.Nullable Workspace workspace;
    final Batch batch;
    final Tensor targets;

    Training(
        Decoder decoder,
        List<int[]> sequences,
        @org.jspecify.annotations.Nullable Workspace workspace) {
      this.decoder = decoder;
      this.optimiser = new AdamW(decoder.parameters(), AdamW.Settings.withDecay(0.01));
      this.workspace = workspace;
      this.batch = Batch.packed(sequences);
      int[] next = new int[batch.rows()];
      for (int i = 0; i < next.length; i++) {
        next[i] = i % 5 == 4 ? -1 : batch.tokens()[(i + 1) % next.length];
      }
      this.targets = Tensor.of(decoder.backend(), Shape.of(next.length), next);
    }

    double step(Autograd.Keep keep) {
      optimiser.clearGradients();
      double loss;
      if (workspace == null) {
        loss = pass(keep);
      } else {
        try (var _ = workspace.open()) {
          loss = pass(keep);
        }
      }
      GradientNorm norm = GradientNorm.clip(decoder.parameters().values(), 1);
      optimiser.step(1e-2, norm.scale());
      return loss;
    }

    private double pass(Autograd.Keep keep) {
      Variable loss = decoder.crossEntropy(decoder.hidden(batch), targets, 0.1).loss();
      loss.backward(keep);
      return loss.item();
    }

    double[][] weights() {
      return decoder.weights().values().stream().map(Tensor::toDoubles).toArray(double[][]::new);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void givingMemoryBackChangesNoBit(DecoderConfig config) {
    for (Backend backend : TestModels.backends()) {
      Decoder first = TestModels.lively(config, backend, DType.F32, 3);
      Training plain = new Training(first.copy(), SEQUENCES, null);
      for (int i = 0; i < 2; i++) {
        plain.step(Autograd.Keep.VALUES);
      }
      for (boolean checkpointing : new boolean[] {false, true}) {
        for (Autograd.Keep keep : List.of(Autograd.Keep.VALUES, Autograd.Keep.NOTHING)) {
          try (Workspace poisoned = Workspace.poisoning(backend)) {
            Decoder decoder = first.copy();
            decoder.setActivationCheckpointing(checkpointing);
            Training training = new Training(decoder, SEQUENCES, poisoned);
            for (int i = 0; i < 2; i++) {
              training.step(keep);
            }
            assertThat(training.weights())
                .as("%s, %s, checkpointing %s", backend.name(), keep, checkpointing)
                .isDeepEqualTo(plain.weights());
          }
        }
      }
    }
  }

  private static DecoderConfig wide(int width) {
    return TestModels.llama3().toBuilder()
        .vocabSize(64)
        .hiddenSize(width)
        .intermediateSize(2 * width)
        .layers(4)
        .build();
  }

  private static List<int[]> longSequences() {
    List<int[]> sequences = new ArrayList<>();
    for (int s = 0; s < 8; s++) {
      int[] one = new int[32];
      for (int i = 0; i < one.length; i++) {
        one[i] = (7 * s + 3 * i) % 64;
      }
      sequences.add(one);
    }
    return sequences;
  }

  /**
   * The values of four blocks are most of what a step needs. Beside them it needs the gradients of
   * one block at a time: with everything kept, 1.5 times as much.
   */
  @Test
  void gradientsTakeTheMemoryOfDeadValues() {
    Backend backend = Backends.get("vector");
    long forward;
    Decoder decoder = Decoder.initialise(wide(64), backend, DType.F32, 0);
    try (Workspace workspace = new Workspace(backend)) {
      Training training = new Training(decoder, longSequences(), workspace);
      try (var _ = workspace.open()) {
        training.decoder.hidden(training.batch);
      }
      forward = workspace.mostInUse();
      training.step(Autograd.Keep.NOTHING);
      assertThat(workspace.mostInUse()).isBetween(forward, forward * 5 / 4);
    }
  }

  /** Native memory after a thousand steps is that after ten, and none is left at the end. */
  @Test
  void aThousandStepsTakeNoMoreThanTen() {
    Backend backend = Backends.get("vector");
    Decoder decoder = TestModels.lively(TestModels.gpt2(), backend, DType.F32, 3);
    try (Workspace workspace = new Workspace(backend)) {
      Training training = new Training(decoder, SEQUENCES, workspace);
      long ten = 0;
      long mostOfTen = 0;
      for (int step = 1; step <= 1000; step++) {
        training.step(step % 2 == 0 ? Autograd.Keep.NOTHING : Autograd.Keep.VALUES);
        if (step == 10) {
          ten = workspace.capacity();
          mostOfTen = workspace.mostInUse();
        }
      }
      assertThat(workspace.capacity()).isEqualTo(ten);
      assertThat(workspace.mostInUse()).isEqualTo(mostOfTen);
      workspace.close();
      assertThat(workspace.capacity()).isZero();
    }
  }

  /**
   * A step makes as many objects at width 128 as at 16, and none that grows with the tensors: its
   * bytes on the Java heap differ by less than an eighth, where tensors differ eightfold.
   */
  @Test
  void theHeapDoesNotGrowWithTheTensors() {
    long narrow = heapOfAStep(16);
    long wide = heapOfAStep(128);
    assertThat(wide).isLessThan(narrow + narrow / 8);
  }

  /** Bytes that one step of this thread allocates: the least of some, for the compiler helps. */
  private static long heapOfAStep(int width) {
    Backend backend = Backends.get("vector");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Decoder decoder = Decoder.initialise(wide(width), backend, DType.F32, 0);
    try (Workspace workspace = new Workspace(backend)) {
      Training training = new Training(decoder, longSequences(), workspace);
      long least = Long.MAX_VALUE;
      for (int step = 0; step < 30; step++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        training.step(Autograd.Keep.NOTHING);
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      return least;
    }
  }
}
