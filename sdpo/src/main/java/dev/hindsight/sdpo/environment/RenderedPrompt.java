package dev.hindsight.sdpo.environment;

/**
 * A prompt in three parts, to be tokenised one by one and joined: {@code header} and {@code
 * assistantHeader} may hold control tokens, {@code message} is plain text in which nothing is read
 * as a control token, whatever a response or a piece of feedback put there.
 *
 * @param header what comes before the user's message: beginning of sequence, system prompt, the
 *     user's header
 * @param message the user's message
 * @param assistantHeader what ends the user's turn and opens the assistant's; the response follows
 *     it directly
 */
public record RenderedPrompt(String header, String message, String assistantHeader) {}
