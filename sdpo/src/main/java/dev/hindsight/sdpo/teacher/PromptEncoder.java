package dev.hindsight.sdpo.teacher;

import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.RenderedPrompt;
import dev.hindsight.transformer.Tokenizer;

/**
 * From a user's message to the tokens of a prompt, control tokens around it included. Student and
 * self-teacher use the same one.
 */
public final class PromptEncoder {
  private final PromptRenderer renderer;
  private final Tokenizer tokenizer;

  /** An encoder for the chat format of {@code renderer} and the words of {@code tokenizer}. */
  public PromptEncoder(PromptRenderer renderer, Tokenizer tokenizer) {
    this.renderer = renderer;
    this.tokenizer = tokenizer;
  }

  /** What turns text into tokens here. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * The tokens of a prompt. Control tokens come from the chat format alone; what looks like one in
   * the message is spelled out.
   *
   * @throws IllegalArgumentException when the vocabulary cannot spell the message
   */
  public int[] encode(String message) {
    RenderedPrompt prompt = renderer.render(message);
    int[] header = tokenizer.encodeControl(prompt.header());
    int[] body = tokenizer.encode(prompt.message());
    int[] assistantHeader = tokenizer.encodeControl(prompt.assistantHeader());
    int[] tokens = new int[header.length + body.length + assistantHeader.length];
    System.arraycopy(header, 0, tokens, 0, header.length);
    System.arraycopy(body, 0, tokens, header.length, body.length);
    System.arraycopy(
        assistantHeader, 0, tokens, header.length + body.length, assistantHeader.length);
    return tokens;
  }
}
