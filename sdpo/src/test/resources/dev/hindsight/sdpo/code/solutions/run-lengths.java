class Solution {
  public String runLengths(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0, j; i < text.length(); i = j) {
      for (j = i; j < text.length() && text.charAt(j) == text.charAt(i); j++) {}
      out.append(text.charAt(i));
      if (j - i > 1) out.append(j - i);
    }
    return out.toString();
  }
}
