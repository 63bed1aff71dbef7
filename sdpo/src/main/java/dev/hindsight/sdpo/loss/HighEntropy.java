package dev.hindsight.sdpo.loss;

import java.util.stream.IntStream;

/**
 * GRPO on high-entropy tokens only (arXiv 2506.01939, "Beyond the 80/20 rule"), a baseline of the
 * SDPO paper: the policy gradient of all but the forking tokens of a batch is dropped.
 */
public final class HighEntropy {
  private HighEntropy() {}

  /**
   * Which tokens belong to the share of highest entropy among those that count. Equal entropies at
   * the border all do.
   *
   * @param entropy of the policy before each token, nats
   * @param counted tokens of the batch that count at all
   * @param share in (0, 1]
   */
  public static boolean[] mask(double[] entropy, boolean[] counted, double share) {
    double[] sorted =
        IntStream.range(0, entropy.length)
            .filter(r -> counted[r])
            .mapToDouble(r -> entropy[r])
            .sorted()
            .toArray();
    boolean[] mask = new boolean[entropy.length];
    if (sorted.length == 0) {
      return mask;
    }
    // the quantile between two order statistics lies on the line between them, as in PyTorch
    double at = (1 - share) * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    double border = sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    for (int r = 0; r < mask.length; r++) {
      mask[r] = counted[r] && entropy[r] >= border;
    }
    return mask;
  }
}
