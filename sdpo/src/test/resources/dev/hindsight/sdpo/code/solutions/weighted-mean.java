class Solution {
  public double weightedMean(double[] values, int[] weights) {
    double sum = 0;
    int total = 0;
    for (int i = 0; i < values.length; i++) {
      sum += values[i] * weights[i];
      total += weights[i];
    }
    return total == 0 ? 0 : sum / total;
  }
}
