package dev.hindsight.sdpo.code;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Guards which part of a response is taken for its program. */
class CodeBlockTest {
  @Test
  void theLongestBlockIsTheProgram() {
    assertThat(CodeBlock.longest("a\n```java\nint x;\n```\nb\n```\nint x, y;\n```\nc"))
        .contains("int x, y;\n");
    assertThat(CodeBlock.longest("```java\nint a;\n```\n```java\nint b;\n```"))
        .contains("int a;\n");
    assertThat(CodeBlock.longest("```Java\r\nint x;\r\n```")).contains("int x;\r\n");
  }

  @Test
  void anInfoStringOfOtherCharactersIsNoProgram() {
    assertThat(CodeBlock.longest("```c++\nint main() {}\n```")).isEmpty();
    assertThat(CodeBlock.longest("```java 25\nclass Solution {}\n```")).isEmpty();
  }

  @Test
  void whatIsNoBlock() {
    assertThat(CodeBlock.longest("")).isEmpty();
    assertThat(CodeBlock.longest("class Solution {}")).isEmpty();
    assertThat(CodeBlock.longest("```java\nclass Solution {}")).isEmpty();
    assertThat(CodeBlock.longest("```java\n  \n```")).isEmpty();
    assertThat(CodeBlock.longest("``` ``` ```")).isEmpty();
  }
}
