package dev.hindsight.tornado;

import static dev.hindsight.tornado.MatmulTest.check;
import static dev.hindsight.tornado.MatmulTest.whole;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The readable twins are true on TornadoVM's runtime, too, and not only as plain Java. */
class ParallelTwinsTest {
  private Machine machine;

  @BeforeEach
  void findTheRuntime() {
    assumeTrue(
        new TornadoProvider().unavailable().isEmpty(),
        "TornadoVM is not in this process: see the run named runtime");
    machine = new ParallelMachine(TornadoDevices.all().getFirst());
  }

  @Test
  void products() {
    check(machine, whole(1, 33, 17), whole(2, 17, 65), whole(3, 33, 65), x -> x, false);
    Tensor a = whole(1, 2, 17, 5).transpose(1, 2);
    Tensor b = whole(2, 2, 19, 17).transpose(1, 2);
    MatmulTest.View middle = x -> x.slice(0, 1, 3).slice(1, 1, 6).slice(2, 3, 22);
    check(machine, a, b, whole(3, 4, 7, 24), middle, true);
    check(machine, whole(1, 1, 3), whole(2, 3, 1), whole(3, 1, 1), x -> x, false);
  }

  @Test
  void attentionAndItsGradients() {
    int[] heads = {4, 2, 17};
    AttentionTest.check(machine, heads, SequenceLayout.packed(1, 15, 33));
    int[] queryStart = {2, 7, 14};
    int[] queryLength = {5, 7, 2};
    int[] keyStart = {0, 10, 10};
    int[] keyLength = {20, 30, 3};
    AttentionTest.check(
        machine, heads, new SequenceLayout(queryStart, queryLength, keyStart, keyLength, false));
  }
}
