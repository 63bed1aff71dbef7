package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.ExperimentPage;
import java.util.ArrayList;
import java.util.List;

/** Columns of text, the first flush left, the others right. */
public final class TextTable {
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param head of each column
   */
  public TextTable(List<String> head) {
    rows.add(List.copyOf(head));
  }

  /** A table of the report. */
  public static TextTable of(ExperimentPage.Table table) {
    TextTable text = new TextTable(table.head());
    table.rows().forEach(text::add);
    return text;
  }

  /** Adds a row with as many cells as the head. */
  public void add(List<String> cells) {
    if (cells.size() != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "table: " + cells.size() + " cells, expected " + rows.getFirst().size());
    }
    rows.add(List.copyOf(cells));
  }

  @Override
  public String toString() {
    int columns = rows.getFirst().size();
    int[] width = new int[columns];
    for (List<String> row : rows) {
      for (int c = 0; c < columns; c++) {
        width[c] = Math.max(width[c], row.get(c).length());
      }
    }
    StringBuilder out = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder("  ");
      for (int c = 0; c < columns; c++) {
        String pad = " ".repeat(width[c] - row.get(c).length());
        line.append(c == 0 ? row.get(c) + pad : "   " + pad + row.get(c));
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.substring(0, out.length() - 1);
  }
}
