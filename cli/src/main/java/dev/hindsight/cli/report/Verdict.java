package dev.hindsight.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One sentence that follows from the numbers, whichever way they went. */
public final class Verdict {
  /**
   * Below this ratio of generations one run is not called faster than another: seeds differ more.
   */
  private static final double CLEARLY = 1.2;

  private Verdict() {}

  /**
   * @param arms the runs; SDPO and GRPO are compared when both are there
   * @param base accuracy of the model that they started from; null when unknown
   */
  public static String of(List<ArmResult> arms, @Nullable Double base) {
    Optional<ArmResult> sdpo = ArmResult.find(arms, ArmResult.SDPO);
    Optional<ArmResult> grpo = ArmResult.find(arms, ArmResult.GRPO);
    String sentence =
        sdpo.isPresent() && grpo.isPresent()
            ? comparison(sdpo.get(), grpo.get())
            : arms.isEmpty() ? "No run has finished a step" : single(arms, base);
    String control =
        ArmResult.find(arms, ArmResult.FOREIGN).map(a -> control(a, arms, base)).orElse("");
    return sentence + control + ".";
  }

  private static String comparison(ArmResult sdpo, ArmResult grpo) {
    Double s = sdpo.generationsToHalf();
    Double g = grpo.generationsToHalf();
    String finals =
        "it ended at "
            + Figures.percent(sdpo.finalAccuracy())
            + " accuracy, GRPO at "
            + Figures.percent(grpo.finalAccuracy());
    if (s == null && g == null) {
      return "Neither SDPO nor GRPO answered half of the held-out questions within "
          + Figures.count(sdpo.generations())
          + " generations: SDPO ended at "
          + Figures.percent(sdpo.finalAccuracy())
          + " accuracy, GRPO at "
          + Figures.percent(grpo.finalAccuracy());
    }
    if (s == null) {
      return "SDPO did not win here: GRPO answered half of the held-out questions after "
          + Figures.count(g)
          + " generations, SDPO never within its "
          + Figures.count(sdpo.generations())
          + "; "
          + finals;
    }
    boolean endsLower = value(sdpo.finalAccuracy()) < value(grpo.finalAccuracy()) - 0.02;
    String after = endsLower ? ", but " : ", and ";
    String reached = " half of the held-out questions after " + Figures.count(s) + " generations";
    if (g == null) {
      return (endsLower ? "SDPO was faster: it answered" : "SDPO overtook GRPO: it answered")
          + reached
          + ", where GRPO did not get there within "
          + Figures.count(grpo.generations())
          + after
          + finals;
    }
    double ratio = g / Math.max(s, 1);
    if (ratio >= CLEARLY) {
      return (endsLower ? "SDPO was faster: it answered" : "SDPO overtook GRPO: it answered")
          + reached
          + ", where GRPO needed "
          + Figures.count(g)
          + String.format(Locale.ROOT, " (%.1f times as many)", ratio)
          + after
          + finals;
    }
    if (ratio > 1 / CLEARLY) {
      return "SDPO and GRPO were about equally fast: SDPO answered"
          + reached
          + ", GRPO after "
          + Figures.count(g)
          + after
          + finals;
    }
    return "SDPO did not win here: GRPO answered half of the held-out questions after "
        + Figures.count(g)
        + " generations, where SDPO needed "
        + Figures.count(s)
        + String.format(Locale.ROOT, " (%.1f times as many)", 1 / ratio)
        + "; "
        + finals;
  }

  /** What the control says about where a gain came from. */
  private static String control(ArmResult foreign, List<ArmResult> arms, @Nullable Double base) {
    Double last = foreign.finalAccuracy();
    if (last == null || arms.size() == 1) {
      return "";
    }
    String figure = Figures.percent(last);
    double nothing = Math.max(0.02, 2 * value(base));
    boolean gain = arms.stream().anyMatch(a -> a != foreign && value(a.finalAccuracy()) >= nothing);
    if (!gain) {
      return "; with feedback about a foreign dialect it ended at " + figure;
    }
    if (last < nothing) {
      return "; with feedback about a foreign dialect it learned nothing ("
          + figure
          + "), so the gain comes from what the feedback says";
    }
    return "; but with feedback about a foreign dialect it also reached "
        + figure
        + ", so not all of the gain comes from what the feedback says";
  }

  private static String single(List<ArmResult> arms, @Nullable Double base) {
    ArmResult best =
        arms.stream()
            .max((a, b) -> Double.compare(value(a.finalAccuracy()), value(b.finalAccuracy())))
            .orElseThrow();
    if (best.finalAccuracy() == null) {
      return "No run has been evaluated";
    }
    Double half = best.generationsToHalf();
    return best.label()
        + (base == null ? " reached " : " went from " + Figures.percent(base) + " to ")
        + Figures.percent(best.finalAccuracy())
        + " accuracy on held-out questions within "
        + Figures.count(best.generations())
        + " generations"
        + (half == null
            ? " and did not answer half of them"
            : ", half of them after " + Figures.count(half));
  }

  private static double value(@Nullable Double x) {
    return x == null ? 0 : x;
  }
}
