import java.util.*;

class Solution {
  public char lonelyLetter(List<String> words) {
    Map<Character, Integer> counts = new LinkedHashMap<>();
    for (String word : words) {
      for (char c : word.toCharArray()) counts.merge(c, 1, Integer::sum);
    }
    return counts.entrySet().stream()
        .filter(e -> e.getValue() == 1)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse('-');
  }
}
