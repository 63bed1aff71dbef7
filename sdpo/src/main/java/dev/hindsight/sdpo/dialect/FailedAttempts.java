package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import java.util.List;

/**
 * Wrong answers as a half-trained policy would write them, for the feedback in pretraining
 * documents.
 *
 * <p>Each part of an attempt (bracket, separator, terminator, order, name) is the dialect's own
 * with probability rho, otherwise drawn from the prior; rho is uniform, so attempts run from
 * guesses to near misses. An attempt that turns out right is drawn again with rho times .7. Four of
 * a hundred are damaged besides: cut short, or with one token replaced.
 */
final class FailedAttempts {
  private static final double RETRY_FACTOR = 0.7;
  private static final int DAMAGED_PERCENT = 4;

  private FailedAttempts() {}

  /** The errors of one failed attempt; never empty. */
  static List<DialectError> draw(
      Dialect dialect, DialectVerifier verifier, DialectQuestion question, Philox random) {
    double rho = random.nextDouble();
    while (true) {
      List<String> attempt = attempt(dialect, question, rho, random);
      if (random.nextInt(100) < DAMAGED_PERCENT) {
        damage(attempt, random);
      }
      List<DialectError> errors = verifier.judge(question, attempt, true);
      if (!errors.isEmpty()) {
        return errors;
      }
      rho *= RETRY_FACTOR;
    }
  }

  private static List<String> attempt(
      Dialect dialect, DialectQuestion question, double rho, Philox random) {
    Operation operation = question.operation();
    Bracket bracket =
        random.nextDouble() < rho ? dialect.bracket() : DialectPrior.drawBracket(random);
    Separator separator =
        random.nextDouble() < rho ? dialect.separator() : DialectPrior.drawSeparator(random);
    Terminator terminator =
        random.nextDouble() < rho ? dialect.terminator() : DialectPrior.drawTerminator(random);
    ArgumentOrder order =
        random.nextDouble() < rho ? dialect.order() : DialectPrior.drawOrder(random);
    String name =
        random.nextDouble() < rho
            ? dialect.name(operation)
            : DialectPrior.drawName(operation, random);
    return Dialect.call(bracket, separator, terminator, name, order.arrange(question.digits()));
  }

  private static void damage(List<String> attempt, Philox random) {
    int place = random.nextInt(attempt.size());
    if (random.nextInt(2) == 0) {
      attempt.subList(place, attempt.size()).clear();
    } else {
      List<String> tokens = DialectVocabulary.callTokens();
      attempt.set(place, tokens.get(random.nextInt(tokens.size())));
    }
  }
}
