import java.util.*;
import java.util.stream.*;

public class Solution {
  public static void main(String[] args) {
    Scanner in = new Scanner(System.in);
    Map<String, Long> counts = in.tokens().collect(Collectors.groupingBy(w -> w, TreeMap::new, Collectors.counting()));
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
        .limit(3)
        .forEach(e -> System.out.printf("%s %d%n", e.getKey(), e.getValue()));
  }
}
