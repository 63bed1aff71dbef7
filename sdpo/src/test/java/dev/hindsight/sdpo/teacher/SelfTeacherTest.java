package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Guards the teacher's weights: golden case I of the specification. */
class SelfTeacherTest {
  private static final Backend REFERENCE = Backends.get("reference");
  private static final double[] CURRENT = {1.0, 2.3, 1.6, 0.2, 1.1};
  private static final double[] INITIAL = {.3, 1.2, -.7, .9, .1};
  private static final double[] STUDENT = {2.0, 1.0, 0.0, -1.0, 0.5};

  private static Decoder decoder(long seed) {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(11)
            .hiddenSize(8)
            .intermediateSize(8)
            .layers(1)
            .heads(2)
            .maxPositions(16)
            .build();
    return Decoder.initialise(config, REFERENCE, DType.F64, seed);
  }

  private static Variable row(double... values) {
    return Variable.constant(Tensor.of(REFERENCE, Shape.of(1, values.length), values));
  }

  @Test
  void goldenITrustRegion() {
    double[][] expected = {
      {.1547687761, .3821954916, .0578545577, .2780865054, .1270946692},
      {.1553314566, .3897717312, .0619025431, .2638976301, .1290966390},
      {.1497238280, .4497952370, .1225835024, .1354757219, .1424217107}
    };
    double[] rates = {.01, .05, .5};
    double[] reverse = {.555393541998, .543636168436, .488961087490};
    Variable p = row(STUDENT).logSoftmax();
    for (int i = 0; i < 3; i++) {
      Variable q = SelfTeacher.mixed(row(INITIAL), row(CURRENT), rates[i]).logSoftmax();
      double[] probabilities = q.exp().tensor().toDoubles();
      for (int v = 0; v < 5; v++) {
        assertThat(probabilities[v]).isCloseTo(expected[i][v], within(1e-10));
      }
      assertThat(p.exp().mul(p.sub(q)).sum().item()).isCloseTo(reverse[i], within(1e-10));
    }
  }

  @Test
  void goldenIMovingAverage() {
    double[][] expected = {
      {1.01, 1.0299, 1.069601, 1.13890499}, {1.05, 1.1475, 1.340125, 1.67311875}
    };
    double[] rates = {.01, .05};
    for (int i = 0; i < 2; i++) {
      Decoder student = decoder(1);
      fill(student, 1);
      SelfTeacher teacher = new SelfTeacher(TeacherKind.EMA, rates[i], student);
      double[] values = {2, 3, 5, 8};
      for (int t = 0; t < 4; t++) {
        fill(student, values[t]);
        teacher.update();
        for (Tensor weight : teacher.state().values()) {
          assertThat(weight.toDoubles()[0]).isCloseTo(expected[i][t], within(1e-14));
        }
      }
    }
  }

  /** What is left of the initial weights after 80 generations at rate .01: .99^80. */
  @Test
  void theInitialWeightsFade() {
    Decoder student = decoder(1);
    fill(student, 1);
    SelfTeacher teacher = new SelfTeacher(TeacherKind.EMA, .01, student);
    fill(student, 0);
    for (int generation = 0; generation < 80; generation++) {
      teacher.update();
    }
    for (Tensor weight : teacher.state().values()) {
      // the twelve digits of the golden number; 160 roundings of numbers below 1 are 1e-14
      assertThat(weight.toDoubles()[0]).isCloseTo(.447523213764, within(1e-12));
    }
  }

  /** The optimiser's step and the teacher's in one pass are those of one after the other. */
  @Test
  void followsInThePassOfTheOptimiser() {
    for (TeacherKind kind : TeacherKind.values()) {
      List<Map<String, Tensor>> ends = new ArrayList<>();
      for (boolean onePass : new boolean[] {true, false}) {
        Decoder student = decoder(1);
        SelfTeacher teacher = new SelfTeacher(kind, .25, student);
        AdamW optimizer = new AdamW(student.parameters(), AdamW.Settings.withDecay(.1));
        for (int step = 0; step < 3; step++) {
          optimizer.clearGradients();
          student.hidden(Batch.packed(List.of(new int[] {1, 4, 5}))).square().sum().backward();
          if (onePass) {
            teacher.update(optimizer, .01, .5);
          } else {
            optimizer.step(.01, .5);
            teacher.update();
          }
        }
        ends.add(teacher.state());
        ends.add(student.weights());
      }
      for (int i = 0; i < 2; i++) {
        Map<String, Tensor> apart = ends.get(i + 2);
        ends.get(i)
            .forEach(
                (name, t) ->
                    assertThat(t.toDoubles())
                        .as("%s: %s", kind, name)
                        .isEqualTo(apart.get(name).toDoubles()));
      }
    }
  }

  private static void fill(Decoder decoder, double value) {
    decoder.weights().values().forEach(w -> TensorOps.fill(w, value));
  }

  @Test
  void eachKindReadsWithItsOwnWeights() {
    Batch batch = Batch.packed(List.of(new int[] {1, 4, 5}, new int[] {1, 2}));
    Decoder student = decoder(1);
    Map<String, Tensor> later = decoder(2).weights();
    double[] before = logits(student, batch);
    SelfTeacher live = new SelfTeacher(TeacherKind.LIVE, 0, student);
    SelfTeacher frozen = new SelfTeacher(TeacherKind.FROZEN, 0, student);
    SelfTeacher ema = new SelfTeacher(TeacherKind.EMA, 1, student);
    SelfTeacher region = new SelfTeacher(TeacherKind.TRUST_REGION, .25, student);
    student.assign(later);
    double[] after = logits(student, batch);
    assertThat(read(live, batch)).containsExactly(after);
    assertThat(read(frozen, batch)).containsExactly(before);
    assertThat(read(ema, batch)).containsExactly(before);
    for (SelfTeacher t : List.of(live, frozen, ema, region)) {
      t.update();
    }
    assertThat(read(frozen, batch)).containsExactly(before);
    // rate 1 takes the student's weights up whole: u + (s - u), to the last rounding of each weight
    assertThat(read(ema, batch)).containsExactly(after, within(1e-12));
    double[] mixed = read(region, batch);
    for (int i = 0; i < mixed.length; i++) {
      assertThat(mixed[i]).isCloseTo(.75 * before[i] + .25 * after[i], within(1e-14));
    }
  }

  @Test
  void aTeacherNeverGivesAGradient() {
    Decoder student = decoder(1);
    Batch batch = Batch.packed(List.of(new int[] {1, 4, 5}));
    for (TeacherKind kind : TeacherKind.values()) {
      Variable logits = new SelfTeacher(kind, .5, student).read(batch).rows(0, 3);
      assertThat(logits.requiresGradient()).isFalse();
    }
  }

  @Test
  void theStateComesBack() {
    Decoder student = decoder(1);
    SelfTeacher teacher = new SelfTeacher(TeacherKind.EMA, .1, student);
    Map<String, Tensor> other = decoder(3).weights();
    teacher.restore(other);
    teacher
        .state()
        .forEach((name, w) -> assertThat(w.toDoubles()).isEqualTo(other.get(name).toDoubles()));
    assertThatThrownBy(() -> teacher.restore(Map.of()))
        .hasMessageContaining("lacks")
        .hasMessageContaining("teacher_regularization");
    assertThat(new SelfTeacher(TeacherKind.LIVE, 0, student).state()).isEmpty();
    assertThatThrownBy(() -> new SelfTeacher(TeacherKind.EMA, 1.5, student))
        .hasMessageContaining("teacher_update_rate");
  }

  private static double[] logits(Decoder decoder, Batch batch) {
    return decoder.logits(decoder.hidden(batch)).tensor().toDoubles();
  }

  private static double[] read(SelfTeacher teacher, Batch batch) {
    return teacher.read(batch).rows(0, batch.wantedRows()).tensor().toDoubles();
  }
}
