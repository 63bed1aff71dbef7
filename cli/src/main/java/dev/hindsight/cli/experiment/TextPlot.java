package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.ExperimentPage.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Curves as lines of text, for terminals: a letter an arm, accuracy from 0 to 1. */
public final class TextPlot {
  private static final int WIDTH = 64;
  private static final int HEIGHT = 12;

  private TextPlot() {}

  /** The plot of the means, in [0, 1], with axes and a legend. */
  public static String of(List<Line> lines, String xLabel) {
    double end = lines.stream().mapToDouble(l -> l.x()[l.x().length - 1]).max().orElse(1);
    char[][] grid = new char[HEIGHT + 1][WIDTH + 1];
    for (char[] row : grid) {
      Arrays.fill(row, ' ');
    }
    List<String> legend = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      char mark = (char) ('a' + i % 26);
      legend.add(mark + " " + line.label());
      for (int c = 0; c <= WIDTH; c++) {
        double x = end * c / WIDTH;
        if (x <= line.x()[line.x().length - 1]) {
          double y = Math.clamp(at(line, x), 0, 1);
          int row = HEIGHT - (int) Math.round(y * HEIGHT);
          grid[row][c] = grid[row][c] == ' ' ? mark : '*';
        }
      }
    }
    StringBuilder out = new StringBuilder();
    for (int r = 0; r <= HEIGHT; r++) {
      String tick = r % 3 == 0 ? String.format(Locale.ROOT, "%.2f", 1 - r / (double) HEIGHT) : "";
      out.append(String.format("  %5s |", tick)).append(new String(grid[r]).stripTrailing());
      out.append('\n');
    }
    out.append("        +").append("-".repeat(WIDTH + 1)).append('\n');
    out.append(
        String.format(
            Locale.ROOT,
            "         0%" + WIDTH + "s%n",
            String.format(Locale.ROOT, "%,d %s", Math.round(end), xLabel)));
    out.append("         ").append(String.join(", ", legend)).append(", * several");
    return out.toString();
  }

  /** By a straight line between the points on both sides. */
  private static double at(Line line, double x) {
    double[] xs = line.x();
    double[] ys = line.mean();
    for (int i = 1; i < xs.length; i++) {
      if (x <= xs[i]) {
        double share = xs[i] == xs[i - 1] ? 1 : (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
        return ys[i - 1] + Math.max(0, share) * (ys[i] - ys[i - 1]);
      }
    }
    return ys[ys.length - 1];
  }
}
