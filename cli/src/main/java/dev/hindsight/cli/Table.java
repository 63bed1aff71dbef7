package dev.hindsight.cli;

import dev.hindsight.cli.report.ArmResult;
import dev.hindsight.cli.report.Figures;
import dev.hindsight.sdpo.trainer.RunSummary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The results of quickstart in columns. */
final class Table {
  private Table() {}

  /**
   * @param base the run whose step 0 tells about the model before training
   */
  static String of(List<ArmResult> arms, RunSummary base) {
    List<String> lines = new ArrayList<>();
    lines.add(row("held-out accuracy", "final", "best", "generations to 50 %", "to 90 %", "time"));
    for (ArmResult arm : arms) {
      lines.add(
          row(
              arm.label(),
              Figures.percent(arm.finalAccuracy()),
              Figures.percent(arm.bestAccuracy()),
              reached(arm.generationsToHalf()),
              reached(arm.generationsToNineTenths()),
              Figures.seconds(arm.wallSeconds())));
    }
    lines.add(row("base model", Figures.percent(base.baseAccuracy()), "", "", "", ""));
    if (base.baseTeacherAccuracy() != null) {
      lines.add(
          row(
              "  given feedback on a failure",
              Figures.percent(base.baseTeacherAccuracy()),
              "",
              "",
              "",
              ""));
    }
    return String.join("\n", lines.stream().map(String::stripTrailing).toList());
  }

  private static String reached(@Nullable Double generations) {
    return generations == null ? "never" : Figures.count(generations);
  }

  private static String row(
      String name, String last, String best, String half, String ninety, String time) {
    return String.format("  %-30s%9s%9s%22s%10s%14s", name, last, best, half, ninety, time);
  }
}
