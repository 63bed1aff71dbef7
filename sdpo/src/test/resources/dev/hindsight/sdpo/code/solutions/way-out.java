import java.util.*;

void main() {
  Scanner in = new Scanner(System.in);
  int rows = in.nextInt(), columns = in.nextInt();
  String[] grid = new String[rows];
  for (int i = 0; i < rows; i++) grid[i] = in.next();
  int[][] steps = new int[rows][columns];
  for (int[] row : steps) Arrays.fill(row, -1);
  steps[0][0] = 0;
  Deque<int[]> queue = new ArrayDeque<>();
  queue.add(new int[2]);
  int[][] moves = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
  while (!queue.isEmpty()) {
    int[] at = queue.poll();
    for (int[] move : moves) {
      int y = at[0] + move[0], x = at[1] + move[1];
      if (y >= 0 && x >= 0 && y < rows && x < columns && grid[y].charAt(x) == '.' && steps[y][x] < 0) {
        steps[y][x] = steps[at[0]][at[1]] + 1;
        queue.add(new int[] {y, x});
      }
    }
  }
  IO.println(steps[rows - 1][columns - 1]);
}
