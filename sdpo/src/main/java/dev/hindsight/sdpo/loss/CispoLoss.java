package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;

/**
 * CISPO (MiniMax-M1, arXiv 2506.13585), a baseline of the SDPO paper: {@code -sg(clip(w, 1 - low, 1
 * + high)) A log p(y_t)}. The clip bounds the weight of a token and never its gradient: no token is
 * dropped.
 *
 * @param clipLow how far below 1 the ratio counts
 * @param clipHigh how far above 1
 */
public record CispoLoss(double clipLow, double clipHigh) implements TokenLoss {

  public CispoLoss {
    if (!(clipLow >= 0 && clipLow <= 1 && clipHigh >= 0)) {
      throw new IllegalArgumentException(
          "CISPO loss: clip "
              + clipLow
              + ", "
              + clipHigh
              + ", expected low in [0, 1] and high >= 0");
    }
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Variable logP = rows.logPSampled();
    Variable w = ImportanceWeight.ratio(logP.detach(), rows.logOld());
    return w.clamp(1 - clipLow, 1 + clipHigh).mul(rows.advantages()).mul(logP).neg();
  }

  @Override
  public boolean needsTeacher() {
    return false;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    Variable w = ImportanceWeight.ratio(rows.logPSampled(), rows.logOld());
    to.accept("clip_fraction", w.clamp(1 - clipLow, 1 + clipHigh).sub(w).abs().sign());
  }
}
