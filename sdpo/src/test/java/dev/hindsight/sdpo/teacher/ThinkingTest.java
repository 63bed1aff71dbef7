package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Golden J's second half, and what a hostile response can do. */
class ThinkingTest {

  @Test
  void removesClosedBlocksAndTheWhiteSpaceAfterThem() {
    assertThat(Thinking.remove("<think></think>\n\nans")).isEqualTo("ans");
    assertThat(Thinking.remove("a<think>x</think>  b<think>y</think>c")).isEqualTo("abc");
    assertThat(Thinking.remove("a<think>x\ny</think>\t\u00A0\n")).isEqualTo("a");
  }

  @Test
  void leavesUnclosedAndOrphanTags() {
    assertThat(Thinking.remove("a<think>b")).isEqualTo("a<think>b");
    assertThat(Thinking.remove("a</think> b")).isEqualTo("a</think> b");
    assertThat(Thinking.remove("</think><think>")).isEqualTo("</think><think>");
    assertThat(Thinking.remove("")).isEmpty();
  }

  @Test
  void endsABlockAtTheFirstClosingTag() {
    assertThat(Thinking.remove("<think>a<think>b</think>c</think>d")).isEqualTo("c</think>d");
  }

  /** Backtracking over unclosed tags would take minutes here. */
  @Test
  void isLinearInHostileText() {
    String hostile = "<think>".repeat(200_000);
    assertThat(Thinking.remove(hostile)).isEqualTo(hostile);
  }
}
