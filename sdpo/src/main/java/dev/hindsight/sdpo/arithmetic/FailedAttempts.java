package dev.hindsight.sdpo.arithmetic;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Responses that fail as a half-trained policy's do, to have the verifier's words about them. */
final class FailedAttempts {
  /** Slips that calculating makes: off by a little, by a ten. */
  private static final int[] SLIPS = {-10, -9, -3, -2, -1, 1, 2, 3, 9, 10};

  private FailedAttempts() {}

  /** The mistake in a failed attempt at a question. */
  static Mistake draw(ArithmeticQuestion question, Philox random) {
    while (true) {
      boolean cut = random.nextInt(100) < 15;
      String response =
          random.nextInt(2) == 0 ? withoutWorking(question, random) : slip(question, random);
      if (cut) {
        response = damaged(response, random);
      }
      // some slips and cuts leave a response right
      Optional<Mistake> mistake = ArithmeticVerifier.read(question, response, true).mistake();
      if (mistake.isPresent()) {
        return mistake.get();
      }
    }
  }

  private static String withoutWorking(ArithmeticQuestion question, Philox random) {
    return ArithmeticQuestion.answer(List.of(), slipped(question.value(), random));
  }

  /** Working with one wrong result, from which it goes on; the last place is the answer. */
  private static String slip(ArithmeticQuestion question, Philox random) {
    int wrong = random.nextInt(question.rest().size() + 1);
    List<Step> steps = new ArrayList<>();
    long value = question.first();
    for (ArithmeticQuestion.Term term : question.rest()) {
      Step step = Step.of(value, term.operator(), term.number());
      value = steps.size() == wrong ? slipped(step.result(), random) : step.result();
      steps.add(new Step(step.left(), step.operator(), step.right(), Math.max(0, value)));
      value = Math.max(0, value);
    }
    return ArithmeticQuestion.answer(steps, wrong == steps.size() ? slipped(value, random) : value);
  }

  private static long slipped(long value, Philox random) {
    return Math.max(0, value + SLIPS[random.nextInt(SLIPS.length)]);
  }

  /** A response that ends early, or lacks a symbol. */
  private static String damaged(String response, Philox random) {
    int at = random.nextInt(response.length());
    return random.nextInt(2) == 0
        ? response.substring(0, at)
        : response.substring(0, at) + response.substring(at + 1);
  }
}
