package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards that published problems, whose signatures are Python, can be asked in Java. */
class PythonSignatureTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "self, nums: List[int], k: int) -> int|public int f(int[] nums, int k)",
        "self) -> bool|public boolean f()",
        "self, a: list[list[str]]) -> List[List[float]]|public double[][] f(String[][] a)",
        "self, s: str, x: Optional[int]) -> Optional[str]|public String f(String s, Integer x)",
        "self,a:int,b:float,)->str|public String f(int a, double b)",
      })
  void aSignatureBecomesJava(String python, String java) {
    assertThat(PythonSignature.toJava("class Solution:\n    def f(" + python + ":\n        ", "f"))
        .isEqualTo("class Solution {\n  " + java + " {\n  }\n}");
  }

  @Test
  void whatHasNoCounterpartIsSaid() {
    assertThatThrownBy(() -> PythonSignature.toJava("def f(self, a: Dict[str, int]) -> int:", "f"))
        .hasMessageContaining("type Dict[str, int]");
    assertThatThrownBy(() -> PythonSignature.toJava("def f(self, a) -> int:", "f"))
        .hasMessageContaining("parameter a has no type");
    assertThatThrownBy(() -> PythonSignature.toJava("def g(self) -> int:", "f"))
        .hasMessageContaining("expected `def f(self, ...) -> type:`");
  }
}
