import java.util.*;
import java.util.stream.*;

class Solution {
  public List<List<Integer>> diagonals(int[][] grid) {
    int rows = grid.length, columns = grid[0].length;
    return IntStream.range(0, rows + columns - 1)
        .mapToObj(
            s ->
                IntStream.range(0, rows)
                    .filter(i -> s - i >= 0 && s - i < columns)
                    .mapToObj(i -> grid[i][s - i])
                    .collect(Collectors.toList()))
        .collect(Collectors.toList());
  }
}
