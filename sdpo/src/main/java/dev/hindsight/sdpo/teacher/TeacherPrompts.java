package dev.hindsight.sdpo.teacher;

import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.transformer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Builds the self-teacher's prompts: reprompt template, chat format, tokens, length limit.
 *
 * <p>The student's own prompt is {@link #student}.
 */
public final class TeacherPrompts {
  private final RepromptTemplate template;
  private final PromptEncoder encoder;
  private final int maxTokens;
  private final Truncation truncation;

  /**
   * @param maxTokens the most tokens of a teacher prompt, chat format included ({@code
   *     max_reprompt_len})
   */
  public TeacherPrompts(
      RepromptTemplate template, PromptEncoder encoder, int maxTokens, Truncation truncation) {
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "teacher prompts: max " + maxTokens + " tokens, expected at least 1");
    }
    this.template = template;
    this.encoder = encoder;
    this.maxTokens = maxTokens;
    this.truncation = truncation;
  }

  /**
   * The tokens of the student's prompt: the question and nothing else.
   *
   * @throws PromptTooLongException when it exceeds the limit, which no truncation mends
   */
  public int[] student(Question question) {
    int[] tokens = encoder.encode(question.text());
    if (tokens.length > maxTokens) {
      throw new PromptTooLongException(
          "question '"
              + question.id()
              + "': its prompt has "
              + tokens.length
              + " tokens, at most "
              + maxTokens
              + " fit; use a model with a longer context or leave the question out");
    }
    return tokens;
  }

  /** The teacher's prompt for a rollout on this question. */
  public TeacherPrompt build(Question question, Demonstration demonstration) {
    return build(question, demonstration.solution(), demonstration.feedback().stream().toList());
  }

  /**
   * The teacher's prompt.
   *
   * @param feedback oldest first
   * @throws PromptTooLongException when it exceeds the limit and must not be shortened
   */
  public TeacherPrompt build(Question question, Optional<String> solution, List<String> feedback) {
    String message = template.message(question.text(), solution, feedback);
    int[] tokens = encoder.encode(message);
    int length = tokens.length;
    if (length <= maxTokens) {
      return new TeacherPrompt(solution, feedback, message, tokens, length);
    }
    return switch (truncation) {
      case RIGHT ->
          new TeacherPrompt(solution, feedback, message, Arrays.copyOf(tokens, maxTokens), length);
      case LEFT ->
          new TeacherPrompt(
              solution,
              feedback,
              message,
              Arrays.copyOfRange(tokens, length - maxTokens, length),
              length);
      case ERROR ->
          throw new PromptTooLongException(
              "teacher prompt for question '"
                  + question.id()
                  + "': "
                  + length
                  + " tokens, at most "
                  + maxTokens
                  + " allowed; raise max_reprompt_len or use reprompt_truncation: budget");
      case BUDGET -> shorten(question, solution, feedback, length);
    };
  }

  private TeacherPrompt shorten(
      Question question, Optional<String> solution, List<String> feedback, int untruncatedLength) {
    List<String> kept = new ArrayList<>(feedback);
    while (kept.size() > 1) {
      kept.removeFirst();
      Optional<TeacherPrompt> prompt = fitting(question, solution, kept, untruncatedLength);
      if (prompt.isPresent()) {
        return prompt.get();
      }
    }
    Optional<String> newest = kept.isEmpty() ? Optional.empty() : Optional.of(kept.getFirst());
    int solutionLength = solution.map(this::count).orElse(0);
    int feedbackLength = newest.map(this::count).orElse(0);
    int room = maxTokens - lengthOfFrame(question, solution.isPresent(), newest.isPresent());
    // where tokens merge over the seams of the parts, the whole can be longer than the sum: then a
    // little less
    for (; room > 0; room--) {
      int forSolution = share(solutionLength, feedbackLength, room);
      int forFeedback = Math.min(feedbackLength, room - forSolution);
      Optional<String> shortSolution = solution.flatMap(text -> head(text, forSolution));
      Optional<String> shortFeedback = newest.flatMap(text -> head(text, forFeedback));
      Optional<TeacherPrompt> prompt =
          fitting(question, shortSolution, shortFeedback.stream().toList(), untruncatedLength);
      if (prompt.isPresent()) {
        return prompt.get();
      }
    }
    int[] plain = student(question);
    return new TeacherPrompt(
        Optional.empty(), List.of(), question.text(), plain, untruncatedLength);
  }

  /**
   * How much of {@code room} the first of two texts gets when the longer one is cut before the
   * shorter.
   */
  private static int share(int own, int other, int room) {
    int half = (room + 1) / 2;
    return Math.min(own, Math.max(half, room - other));
  }

  private Optional<TeacherPrompt> fitting(
      Question question, Optional<String> solution, List<String> feedback, int untruncatedLength) {
    String message = template.message(question.text(), solution, feedback);
    int[] tokens = encoder.encode(message);
    return tokens.length > maxTokens
        ? Optional.empty()
        : Optional.of(new TeacherPrompt(solution, feedback, message, tokens, untruncatedLength));
  }

  private int lengthOfFrame(Question question, boolean solution, boolean feedback) {
    Optional<String> empty = Optional.of("");
    String message =
        template.message(
            question.text(),
            solution ? empty : Optional.empty(),
            feedback ? List.of("") : List.of());
    return encoder.encode(message).length;
  }

  private int count(String text) {
    return encoder.tokenizer().encode(text).length;
  }

  /** The first tokens of a text, as text; nothing where none are left. */
  private Optional<String> head(String text, int tokens) {
    Tokenizer tokenizer = encoder.tokenizer();
    int[] all = tokenizer.encode(text);
    if (tokens >= all.length) {
      return Optional.of(text);
    }
    String head = tokenizer.decode(Arrays.copyOf(all, tokens));
    // half a character, where tokens are bytes
    while (head.endsWith("\uFFFD")) {
      head = head.substring(0, head.length() - 1);
    }
    return head.isBlank() ? Optional.empty() : Optional.of(head);
  }
}
