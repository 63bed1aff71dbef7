package dev.hindsight.benchmarks;

import dev.hindsight.transformer.DecoderConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a training step costs as a model or its batch grows along one axis, all else equal: time,
 * and the memory of all tensors together. Each point is a process of its own, so that its memory is
 * its own.
 */
final class Scaling {
  private static final int HEAD = 64;

  /** One measured size along an axis. */
  record Point(String axis, int value, Case work) {}

  /** What a step of it took, and the tensor memory that the process held after some of them. */
  record Cost(Point point, int threads, double milliseconds, double spread, double megabytes) {
    Map<String, Object> json() {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("group", "scaling");
      row.put("case", point.work.name());
      row.put("axis", point.axis);
      row.put("value", point.value);
      row.put("threads", threads);
      row.put("milliseconds", milliseconds);
      row.put("spread", spread);
      row.put("tensor_megabytes", megabytes);
      return row;
    }
  }

  private Scaling() {}

  static List<Point> points() {
    List<Point> points = new ArrayList<>();
    for (int width : new int[] {64, 128, 256, 512, 1024}) {
      points.add(step("model width, 4 x 128 tokens", width, width, 4, 128, 4096));
    }
    for (int time : new int[] {256, 512, 1024, 2048, 4096}) {
      points.add(step("tokens of a sequence, width 256", time, 256, 1, time, 4096));
    }
    for (int time : new int[] {256, 512, 1024, 2048, 4096}) {
      Case attention = new Case.Attention(1, time, 8, HEAD, true);
      points.add(
          new Point("tokens, attention of 8 heads alone, with its gradient", time, attention));
    }
    for (int batch : new int[] {1, 2, 4, 8, 16, 32}) {
      points.add(step("sequences of 128 tokens, width 256", batch, 256, batch, 128, 4096));
    }
    for (int batch : new int[] {2, 16}) {
      for (int vocabulary : new int[] {4096, 16_384, 50_257, 151_936}) {
        String axis = "vocabulary, width 128, " + batch + " x 128 tokens";
        points.add(step(axis, vocabulary, 128, batch, 128, vocabulary));
      }
    }
    return points;
  }

  /** AdamW on two blocks with tied embeddings. */
  private static Point step(
      String axis, int value, int width, int batch, int time, int vocabulary) {
    DecoderConfig model =
        DecoderConfig.builder()
            .vocabSize(vocabulary)
            .hiddenSize(width)
            .intermediateSize(3 * width)
            .layers(2)
            .heads(width / HEAD)
            .maxPositions(4096)
            .normEpsilon(1e-5)
            .tiedEmbeddings(true)
            .build();
    String name = "width " + width + ", " + batch + "x" + time + ", vocabulary " + vocabulary;
    return new Point(axis, value, new Case.Train("scaling", name, model, batch, time));
  }

  /** Measures all points with so many threads. */
  static void run(String jar, int threads, SideBySide.Effort effort, Consumer<Cost> to)
      throws IOException {
    for (Point point : points()) {
      Peer self = Peer.java("vector", jar, List.of());
      try (WorkerProcess worker = SideBySide.start(self, threads)) {
        worker.ask("prepare " + point.work.id());
        worker.ask("warm " + effort.warmUp());
        double[] milliseconds = new double[effort.rounds()];
        for (int round = 0; round < milliseconds.length; round++) {
          milliseconds[round] = 1e3 / worker.number("run " + effort.seconds());
        }
        double median = SideBySide.quantile(milliseconds, .5);
        double quartiles =
            SideBySide.quantile(milliseconds, .75) - SideBySide.quantile(milliseconds, .25);
        double megabytes = worker.number("tensors");
        to.accept(new Cost(point, threads, median, quartiles / 2 / median, megabytes));
      }
    }
  }

  /** Prints one Markdown table an axis. */
  static final class Table {
    private final Consumer<String> out;
    private String axis = "";
    private double first;

    Table(Consumer<String> out) {
      this.out = out;
    }

    void add(Cost c) {
      if (!c.point.axis.equals(axis)) {
        axis = c.point.axis;
        first = c.milliseconds / c.point.value;
        out.accept("");
        out.accept("| " + axis + " | ms a step | ms per unit, to the first | tensors, MB |");
        out.accept("|---|---|---|---|");
      }
      out.accept(
          String.format(
              Locale.ROOT,
              "| %,d | %s +- %.0f %% | %.2f | %,.0f |",
              c.point.value,
              String.format(Locale.ROOT, c.milliseconds < 100 ? "%.2f" : "%,.0f", c.milliseconds),
              100 * c.spread,
              c.milliseconds / c.point.value / first,
              c.megabytes));
    }
  }
}
