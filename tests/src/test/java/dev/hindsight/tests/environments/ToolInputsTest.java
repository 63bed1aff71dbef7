package dev.hindsight.tests.environments;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.tools.JsonInput;
import dev.hindsight.sdpo.tools.ToolCall;
import dev.hindsight.sdpo.tools.ToolGrader;
import dev.hindsight.sdpo.tools.ToolQuestion;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import tools.jackson.databind.json.JsonMapper;

/**
 * Guards that nested inputs are read as JSON, whatever stands in them and however it is written.
 */
class ToolInputsTest {
  private static final ToolGrader GRADER = new ToolGrader(false);
  private static final JsonMapper MAPPER = new JsonMapper();

  /** Texts that break readers which look for braces, quotes or markers. */
  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.strings().withChars("{}[]\"\\':, \n\t%é😀").ofMaxLength(8),
        Arbitraries.of("Action: f", "Action Input: {}", "}\nAction: g", "{", "}}", ""));
  }

  private Arbitrary<Object> values(int depth) {
    Arbitrary<Object> leaves =
        Arbitraries.oneOf(
            texts().map(t -> (Object) t),
            Arbitraries.integers().map(i -> (Object) i),
            Arbitraries.bigDecimals().ofScale(3).map(d -> (Object) d),
            Arbitraries.of(true, false).map(b -> (Object) b));
    if (depth == 0) {
      return leaves;
    }
    return Arbitraries.frequencyOf(
        Tuple.of(3, leaves),
        Tuple.of(1, values(depth - 1).list().ofMaxSize(3).map(list -> (Object) list)),
        Tuple.of(1, objects(depth - 1).map(map -> (Object) map)));
  }

  private Arbitrary<Map<String, Object>> objects(int depth) {
    return Arbitraries.maps(texts(), values(depth)).ofMaxSize(4);
  }

  @Provide
  Arbitrary<Map<String, Object>> inputs() {
    return objects(3);
  }

  private static ToolQuestion question(Map<String, Object> input) {
    ToolCall call = new ToolCall("f", JsonInput.parse(MAPPER.writeValueAsString(input)));
    return new ToolQuestion("q", "Api", "docs", List.of("f", "g"), "r", List.of(call));
  }

  private static Verdict judge(Map<String, Object> truth, String input) {
    String response = "Thought: {not JSON\nAction: f\nAction Input: " + input + "\nDone }";
    return GRADER.judge(question(truth), response);
  }

  @Property
  void whatIsWrittenIsReadBack(@ForAll("inputs") Map<String, Object> input) {
    Verdict verdict = judge(input, MAPPER.writeValueAsString(input));
    assertThat(verdict.reward()).as(verdict.toString()).isEqualTo(1);
    assertThat(verdict.feedback()).isEmpty();
  }

  @Property
  void theOrderOfKeysAndWhiteSpaceDoNotCount(
      @ForAll("inputs") Map<String, Object> input, @ForAll long seed) {
    String other =
        MAPPER
            .writerWithDefaultPrettyPrinter()
            .writeValueAsString(shuffled(input, new Random(seed)));
    assertThat(judge(input, other).reward()).isEqualTo(1);
  }

  @Property
  void anotherValueIsWrong(@ForAll("inputs") Map<String, Object> input, @ForAll long seed) {
    Map<String, Object> other = new LinkedHashMap<>(input);
    List<String> keys = new ArrayList<>(input.keySet());
    if (keys.isEmpty()) {
      other.put("key", 1);
    } else {
      String key = keys.get(new Random(seed).nextInt(keys.size()));
      other.put(key, List.of("another", input.get(key)));
    }
    Verdict verdict = judge(input, MAPPER.writeValueAsString(other));
    assertThat(verdict.reward()).isZero();
    assertThat(verdict.hasFeedback()).isTrue();
  }

  /** Cut anywhere, an object is broken, and never right. */
  @Property
  void aBrokenObjectIsWrong(@ForAll("inputs") Map<String, Object> input, @ForAll long seed) {
    String whole = MAPPER.writeValueAsString(input);
    String cut = whole.substring(0, new Random(seed).nextInt(whole.length()));
    Verdict verdict = GRADER.judge(question(input), "Action: f\nAction Input: " + cut);
    assertThat(verdict.reward()).isZero();
    assertThat(verdict.details()).containsEntry("incorrect_format", "true");
  }

  private static Object shuffled(Object value, Random random) {
    return switch (value) {
      case Map<?, ?> map -> {
        List<Object> keys = new ArrayList<>(map.keySet());
        Collections.shuffle(keys, random);
        Map<Object, Object> other = new LinkedHashMap<>();
        keys.forEach(key -> other.put(key, shuffled(map.get(key), random)));
        yield other;
      }
      case List<?> list -> list.stream().map(v -> shuffled(v, random)).toList();
      default -> value;
    };
  }
}
