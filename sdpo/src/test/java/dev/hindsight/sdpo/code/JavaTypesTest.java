package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.classfile.Signature;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards the way from JSON to a method's parameters, and JSON equality on the way back. */
class JavaTypesTest {
  private static final String LIST = "Ljava/util/List<";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "I|-7|-7",
        "J|3000000000|3000000000",
        "D|2|2.0",
        "D|2.5|2.5",
        "F|2.5|2.5",
        "S|7|7",
        "B|7|7",
        "Z|true|true",
        "C|\"x\"|\"x\"",
        "Ljava/lang/String;|\"a b\"|\"a b\"",
        "Ljava/lang/String;|null|null",
        "Ljava/lang/Integer;|5|5",
        "[I|[1,2]|[1,2]",
        "[[C|[[\"a\"],[]]|[[\"a\"],[]]",
        "[Ljava/lang/String;|[\"a\"]|[\"a\"]",
        "Ljava/util/List<Ljava/lang/Integer;>;|[1,null]|[1,null]",
        "Ljava/util/List<Ljava/util/List<Ljava/lang/Long;>;>;|[[1],[2,3]]|[[1],[2,3]]",
        "Ljava/util/List<[I>;|[[1]]|[[1]]",
        "Ljava/util/List<*>;|[1,\"a\",[true,1.5]]|[1,\"a\",[true,1.5]]",
        "Ljava/util/List;|[3000000000]|[3000000000]",
        "[Ljava/util/List<Ljava/lang/String;>;|[[\"a\"]]|[[\"a\"]]",
        "Ljava/lang/Object;|1|1",
      })
  void aJsonValueBecomesAnArgument(String type, String json, String text) throws Exception {
    JavaType wanted = JavaType.of(Signature.parseFrom(type));
    Object value = wanted.fromJson(JsonValues.parse(json));
    assertThat(JsonValues.text(value)).isEqualTo(text);
    assertThat(JsonValues.equal(value, JsonValues.parse(json))).isTrue();
    if (value != null && !wanted.type().isPrimitive()) {
      assertThat(value).isInstanceOf(wanted.type());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "I|3000000000|3000000000 is no int",
        "I|2.0|2.0 is no int",
        "I|null|null is no int",
        "I|\"2\"|is no int",
        "J|99999999999999999999|is no long",
        "B|200|is no byte",
        "S|70000|is no short",
        "Z|1|is no boolean",
        "C|\"ab\"|is no char",
        "Ljava/lang/String;|1|is no String",
        "[I|1|1 is no int[]",
        "[I|[1,\"a\"]|is no int",
        "Ljava/util/List<Ljava/lang/Integer;>;|{}|is no List<Integer>",
      })
  void oneThatDoesNotFitIsRefused(String type, String json, String message) {
    assertThatThrownBy(
            () -> JavaType.of(Signature.parseFrom(type)).fromJson(JsonValues.parse(json)))
        .isInstanceOf(JavaType.MismatchException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aTypeThatJsonHasNotIsNamed() {
    assertThatThrownBy(
            () -> JavaType.of(Signature.parseFrom("Ljava/util/Map<Ljava/lang/String;*>;")))
        .hasMessage("java.util.Map");
    assertThatThrownBy(() -> JavaType.of(Signature.parseFrom(LIST + "LNode;>;")))
        .hasMessage("Node");
  }

  @Test
  void jsonEquality() {
    assertThat(equal(2, "2.0")).isTrue();
    assertThat(equal(2.0, "2")).isTrue();
    assertThat(equal(0.1, "0.1")).isTrue();
    assertThat(equal(0.1f, "0.1")).as("a float is another number").isFalse();
    assertThat(equal(Long.MAX_VALUE, "9223372036854775806")).as("no rounding").isFalse();
    assertThat(equal(9007199254740993L, "9007199254740992.0")).isFalse();
    assertThat(equal(1e300, "1e300")).isTrue();
    assertThat(equal(Double.NaN, "0")).isFalse();
    assertThat(equal(true, "1")).isFalse();
    assertThat(equal("1", "1")).isFalse();
    assertThat(equal('a', "\"a\"")).isTrue();
    assertThat(equal(new int[][] {{1}, {}}, "[[1],[]]")).isTrue();
    assertThat(equal(List.of(1, 2), "[2,1]")).as("order counts").isFalse();
    assertThat(equal(Arrays.asList(1, null), "[1,null]")).isTrue();
    assertThat(equal(new Object[0], "[]")).isTrue();
    assertThat(equal(null, "[]")).isFalse();
    assertThat(equal(List.of(), "null")).isFalse();
  }

  private static boolean equal(Object value, String json) {
    return JsonValues.equal(value, JsonValues.parse(json));
  }
}
