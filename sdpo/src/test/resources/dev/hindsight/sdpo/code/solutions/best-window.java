class Solution {
  public long bestWindow(int[] numbers, int k) {
    long sum = 0;
    for (int i = 0; i < k; i++) sum += numbers[i];
    long best = sum;
    for (int i = k; i < numbers.length; i++) {
      sum += numbers[i] - numbers[i - k];
      best = Math.max(best, sum);
    }
    return best;
  }
}
