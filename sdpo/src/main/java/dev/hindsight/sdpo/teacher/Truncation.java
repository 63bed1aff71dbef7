package dev.hindsight.sdpo.teacher;

/** What happens to a teacher prompt that is longer than allowed. */
public enum Truncation {
  /**
   * Solution and feedback are shortened until the prompt fits; question, headings, closing
   * instruction and assistant header stay whole. Of several pieces of feedback the oldest go first;
   * then the longer of solution and feedback loses its end until both are as long, then both do.
   * The default.
   */
  BUDGET,
  /**
   * The prompt loses its end, as in the reference's shipped configuration: the closing instruction
   * <em>and the assistant header</em>, so that the teacher scores a response which nothing
   * announced.
   */
  RIGHT,
  /** The prompt loses its beginning, as in TRL: the system prompt and the start of the question. */
  LEFT,
  /** {@link PromptTooLongException}. */
  ERROR
}
