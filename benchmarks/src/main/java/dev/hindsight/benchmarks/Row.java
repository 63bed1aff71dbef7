package dev.hindsight.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of the comparison.
 *
 * @param ours median over the rounds
 * @param spread half the distance between the quartiles of ours, as a part of the median
 * @param peer null when there is none to compare with
 * @param peerValue the peer's median; NaN without one
 * @param ratio over 1 when ours is better; NaN without a peer
 * @param limitShare ours as a part of what the machine can do; NaN when that is not known
 */
record Row(
    Case work,
    int threads,
    double ours,
    double spread,
    @Nullable String peer,
    double peerValue,
    double ratio,
    double limitShare) {

  Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put("group", work.group());
    row.put("case", work.name());
    row.put("threads", threads);
    row.put("unit", work.unit());
    row.put("ours", ours);
    row.put("spread", finite(spread));
    row.put("peer", peer);
    row.put("peer_value", finite(peerValue));
    row.put("ratio", finite(ratio));
    row.put("limit_share", finite(limitShare));
    return row;
  }

  static @Nullable Double finite(double x) {
    return Double.isFinite(x) ? (Double) x : null;
  }
}
