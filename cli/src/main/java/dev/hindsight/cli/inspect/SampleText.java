package dev.hindsight.cli.inspect;

import dev.hindsight.cli.report.Figures;
import dev.hindsight.sdpo.trainer.SampleRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A sample as text: question, response and what the teacher read, then a row for each token. What
 * models and environments wrote is shown without control characters, which could steer a terminal.
 */
public final class SampleText {
  private static final String INDENT = " ".repeat(15);

  /** Columns of the bar on each side of zero. */
  private static final int BAR = 6;

  /** Nats that a column of the bar stands for: the whole side is e^3, a factor of 20. */
  private static final double NATS_A_COLUMN = .5;

  private static final int LONGEST_TOKEN = 16;

  /** Probability below which a token is not worth a person's while. */
  private static final double LEAST_SHARE = .005;

  private final boolean colour;
  private final int width;

  /**
   * @param colour whether the screen understands ANSI sequences
   * @param width of the screen in columns
   */
  public SampleText(boolean colour, int width) {
    this.colour = colour;
    this.width = width;
  }

  /** All about a sample. */
  public String of(SampleRecord s) {
    StringBuilder out = new StringBuilder();
    String end = s.finished() ? "" : ", cut off before it ended";
    block(out, "question", s.question());
    block(out, "response", s.response());
    block(
        out,
        "reward",
        String.format(Locale.ROOT, "%s, %d tokens%s", number(s.reward()), s.tokens().size(), end));
    block(out, "feedback", s.feedback().isEmpty() ? "none" : s.feedback());
    if (s.logRatio() == null) {
      block(out, "teacher", "none: with this method no teacher reads responses");
    } else {
      block(out, "demonstration", s.solution() == null ? "none" : s.solution());
      block(
          out,
          "teacher",
          s.target()
              ? s.teacherPrompt()
              : "read the plain question, as there was neither feedback nor a demonstration: this"
                  + " response has no target");
    }
    out.append('\n').append(table(s));
    String remark = remark(s);
    return remark.isEmpty() ? out.toString() : out.append('\n').append(remark).toString();
  }

  private void block(StringBuilder out, String name, String text) {
    out.append(bold(String.format("%-" + INDENT.length() + "s", name)));
    String shown = printable(text.strip(), true);
    out.append(shown.replace("\n", "\n" + INDENT).replaceAll("(?m)[ ]+$", "")).append('\n');
  }

  // ------------------------------------------------------------------ tokens

  private String table(SampleRecord s) {
    int k = Math.max(likeliest(s.studentTop()), likeliest(s.teacherTop()));
    String table = table(s, k);
    int shown = k;
    while (shown > 1 && widest(table) > width) {
      shown--;
      table = table(s, shown);
    }
    return shown == k
        ? table
        : table + "(" + shown + " of the " + k + " likeliest tokens; a wider screen shows more)\n";
  }

  private static int likeliest(SampleRecord.@Nullable Top top) {
    return top == null || top.tokens().isEmpty() ? 0 : top.tokens().getFirst().size();
  }

  private static int widest(String text) {
    return text.lines().mapToInt(l -> l.replaceAll("\u001b\\[\\d*m", "").length()).max().orElse(0);
  }

  private String table(SampleRecord s, int k) {
    float @Nullable [] q = s.teacherLogProbs();
    float @Nullable [] ratio = s.logRatio();
    int rows = s.tokens().size();
    Column number = new Column("#", true);
    Column token = new Column("token", false);
    Column logP = new Column("log p", true);
    Column logQ = new Column("log q", true);
    Column logRatio = new Column("log q/p", true);
    Column bar = new Column(" ".repeat(BAR) + "0" + " ".repeat(BAR), false);
    int worst = worst(ratio);
    for (int t = 0; t < rows; t++) {
      number.add((t == worst ? "> " : "") + (t + 1));
      token.add(token(s.tokens().get(t)));
      logP.add(decimals(s.studentLogProbs()[t]));
      if (q != null && ratio != null) {
        logQ.add(decimals(q[t]));
        logRatio.add((ratio[t] >= .005 ? "+" : "") + decimals(ratio[t]));
        bar.add(bar(ratio[t]));
      }
    }
    List<Column> columns = new ArrayList<>(List.of(number, token, logP));
    if (ratio != null) {
      columns.addAll(List.of(logQ, logRatio, bar));
    }
    for (Column top :
        List.of(top(s.studentTop(), k, "student"), top(s.teacherTop(), k, "teacher"))) {
      if (!top.cells.isEmpty()) {
        columns.add(top);
      }
    }
    StringBuilder out = new StringBuilder();
    for (int t = -1; t < rows; t++) {
      StringBuilder line = new StringBuilder();
      for (Column column : columns) {
        String cell = column.cell(t);
        line.append(column == bar && t >= 0 && ratio != null ? tinted(cell, ratio[t]) : cell);
        line.append("  ");
      }
      String text = line.toString().stripTrailing();
      out.append(t < 0 || t == worst ? bold(text) : text).append('\n');
    }
    return out.toString();
  }

  /** {@code lab 95% mof 4%}, aligned by rank; what is below half a per cent is left out. */
  private static Column top(SampleRecord.@Nullable Top top, int k, String name) {
    Column all = new Column(name + "'s top", false);
    if (top == null) {
      return all;
    }
    List<Column> ranks = new ArrayList<>();
    for (int i = 0; i < Math.min(k, likeliest(top)); i++) {
      Column rank = new Column("", false);
      for (int t = 0; t < top.tokens().size(); t++) {
        float logProb = top.logProbs().get(t)[i];
        boolean said = i == 0 || Math.exp(logProb) >= LEAST_SHARE;
        rank.add(said ? token(top.tokens().get(t).get(i)) + " " + share(logProb) : "");
      }
      ranks.add(rank);
    }
    for (int t = 0; t < top.tokens().size(); t++) {
      int row = t;
      String cells = String.join("  ", ranks.stream().map(rank -> rank.cell(row)).toList());
      all.add(cells.stripTrailing());
    }
    return all;
  }

  /** The token that the teacher thinks most differently of; -1 where there is none. */
  private static int worst(float @Nullable [] ratio) {
    int worst = -1;
    for (int t = 0; ratio != null && t < ratio.length; t++) {
      if (ratio[t] != 0 && (worst < 0 || Math.abs(ratio[t]) > Math.abs(ratio[worst]))) {
        worst = t;
      }
    }
    return worst;
  }

  /** Minus signs to the left of zero, plus signs to the right; an arrow where it goes on. */
  private static String bar(double ratio) {
    int length = (int) Math.min(BAR, Math.round(Math.abs(ratio) / NATS_A_COLUMN));
    boolean cut = Math.abs(ratio) > (BAR + .5) * NATS_A_COLUMN;
    String blank = " ".repeat(BAR - length);
    if (ratio < 0) {
      String signs = (cut ? "<" : "-") + "-".repeat(Math.max(0, length - 1));
      return blank + (length == 0 ? "" : signs) + "|" + " ".repeat(BAR);
    }
    String signs = "+".repeat(Math.max(0, length - 1)) + (cut ? ">" : "+");
    return " ".repeat(BAR) + "|" + (length == 0 ? "" : signs) + blank;
  }

  /** What there is to see, in a sentence or two. */
  private static String remark(SampleRecord s) {
    float @Nullable [] ratio = s.logRatio();
    int worst = worst(ratio);
    if (ratio == null || worst < 0) {
      return "";
    }
    double factor = Math.exp(Math.abs(ratio[worst]));
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "The teacher thinks most differently of token %d, '%s': %s times %s likely than the"
                + " student does",
            worst + 1,
            token(s.tokens().get(worst)),
            factor < 10 ? decimals(factor) : Figures.count(factor),
            ratio[worst] < 0 ? "less" : "more"));
    SampleRecord.Top top = s.teacherTop();
    if (top != null && likeliest(top) > 0 && ratio[worst] < 0) {
      String rather = top.tokens().get(worst).getFirst();
      if (!rather.equals(s.tokens().get(worst))) {
        out.append("; it expects '").append(token(rather)).append("' (");
        out.append(share(top.logProbs().get(worst)[0])).append(')');
      }
    }
    out.append(".\nMean |log q/p| ").append(decimals(Samples.disagreement(s)));
    return out.append("; p student, q teacher, logs in nats; half a nat a sign of the bar.\n")
        .toString();
  }

  // -------------------------------------------------------------------- list

  /** A line for each sample. */
  public String list(List<Samples.Entry> entries) {
    Column step = new Column("step", true);
    Column number = new Column("sample", true);
    Column reward = new Column("reward", true);
    Column ratio = new Column("|log q/p|", true);
    Column id = new Column("question", false);
    Column response = new Column("response", false);
    for (Samples.Entry e : entries) {
      SampleRecord s = e.sample();
      step.add("" + s.step());
      number.add("" + e.number());
      reward.add(number(s.reward()));
      ratio.add(s.logRatio() == null ? "-" : decimals(Samples.disagreement(s)));
      id.add(shortened(printable(s.questionId(), false), 30));
      response.add(shortened(printable(s.response(), false), 60));
    }
    StringBuilder out = new StringBuilder();
    for (int i = -1; i < entries.size(); i++) {
      StringBuilder line = new StringBuilder();
      for (Column column : List.of(step, number, reward, ratio, id, response)) {
        line.append(column.cell(i)).append("  ");
      }
      out.append(i < 0 ? bold(line.toString().stripTrailing()) : line.toString().stripTrailing());
      out.append('\n');
    }
    return out.toString();
  }

  // ------------------------------------------------------------------- texts

  /** Cells under a heading, as wide as the widest. */
  private static final class Column {
    private final String heading;
    private final boolean right;
    private final List<String> cells = new ArrayList<>();
    private int width;

    Column(String heading, boolean right) {
      this.heading = heading;
      this.right = right;
      this.width = heading.length();
    }

    void add(String cell) {
      cells.add(cell);
      width = Math.max(width, cell.length());
    }

    /** A cell, padded; the heading for -1. */
    String cell(int row) {
      String text = row < 0 ? heading : cells.get(row);
      String blank = " ".repeat(width - text.length());
      return right ? blank + text : text + blank;
    }
  }

  private static String token(String token) {
    return shortened(printable(token, false), LONGEST_TOKEN);
  }

  private static String shortened(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest - 3) + "...";
  }

  /** Without control characters: {@code \n}, {@code \t}, {@code \x1b}. */
  private static String printable(String text, boolean lines) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (c == '\n' && lines || !Character.isISOControl(c)) {
                out.appendCodePoint(c);
              } else if (c == '\n' || c == '\t') {
                out.append(c == '\n' ? "\\n" : "\\t");
              } else if (c != '\r') {
                out.append(String.format("\\x%02x", c));
              }
            });
    return out.toString();
  }

  private static String decimals(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.equals("-0.00") ? "0.00" : text;
  }

  private static String number(double value) {
    return value == Math.rint(value) ? "" + Math.round(value) : decimals(value);
  }

  private static String share(double logProb) {
    double share = Math.exp(logProb);
    return share < LEAST_SHARE ? "<1%" : Math.round(100 * share) + "%";
  }

  private String bold(String text) {
    return colour ? "\u001b[1m" + text + "\u001b[0m" : text;
  }

  /** Orange below zero, blue above, as in the report. */
  private String tinted(String text, double ratio) {
    return colour && ratio != 0
        ? "\u001b[" + (ratio < 0 ? 33 : 34) + "m" + text + "\u001b[39m"
        : text;
  }
}
