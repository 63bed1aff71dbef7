package dev.hindsight.cli.report;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one run came to.
 *
 * @param id the run's name among the others: {@code sdpo}, {@code grpo}, {@code
 *     sdpo_foreign_feedback}, or its folder's
 * @param label the name for people
 * @param curve exact accuracy on held-out questions at each evaluation
 * @param generations rollouts sampled in all
 * @param wallSeconds null when the run recorded none
 */
public record ArmResult(
    String id, String label, Curve curve, double generations, @Nullable Double wallSeconds) {
  public static final String SDPO = "sdpo";
  public static final String GRPO = "grpo";
  public static final String FOREIGN = "sdpo_foreign_feedback";

  public @Nullable Double finalAccuracy() {
    return curve.last();
  }

  public @Nullable Double bestAccuracy() {
    return curve.best();
  }

  /** Generations until half of the held-out questions are answered rightly; null when never. */
  public @Nullable Double generationsToHalf() {
    return curve.generationsTo(0.5);
  }

  /** Generations until nine tenths are; null when never. */
  public @Nullable Double generationsToNineTenths() {
    return curve.generationsTo(0.9);
  }

  /** The name for people of an arm of quickstart, or the id itself. */
  public static String labelOf(String id) {
    return switch (id) {
      case SDPO -> "SDPO";
      case GRPO -> "GRPO";
      case FOREIGN -> "SDPO, foreign feedback";
      default -> id;
    };
  }

  static Optional<ArmResult> find(List<ArmResult> arms, String id) {
    return arms.stream().filter(a -> a.id().equals(id)).findFirst();
  }
}
