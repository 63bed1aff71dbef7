package dev.hindsight.tests.docs;

import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.trainer.StepMetrics;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Guards that every column of {@code metrics.jsonl} stands in the guide; measures: VariantsTest.
 */
class MetricsPageTest {
  @Test
  void everyColumnIsExplained() {
    StepMetrics empty = Json.parse("{\"alarms\": []}", StepMetrics.class);
    Json.parse(Json.line(empty), Map.class).keySet().forEach(k -> MetricsPage.explains((String) k));
  }
}
