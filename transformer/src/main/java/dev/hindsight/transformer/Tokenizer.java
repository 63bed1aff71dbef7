package dev.hindsight.transformer;

/**
 * Text to token ids and back. Implementations are immutable and safe for use by several threads.
 *
 * <p>Control tokens (beginning of sequence, end of sequence and the like) steer the model; text
 * that comes from outside must not be able to write them. {@link #encode} therefore never gives
 * one, and {@link #encodeControl} is for text that the program itself wrote.
 */
public interface Tokenizer {
  /** Number of tokens; ids are {@code 0 .. size() - 1}. */
  int size();

  /**
   * The ids of plain text, in which nothing is read as a control token.
   *
   * @throws IllegalArgumentException when the vocabulary cannot spell the text; the message names
   *     the place
   */
  int[] encode(String text);

  /**
   * The ids of text in which control tokens stand for themselves, as in {@code <bos>}.
   *
   * @throws IllegalArgumentException when the vocabulary cannot spell the text; the message names
   *     the place
   */
  int[] encodeControl(String text);

  /** The text of tokens, control tokens included. */
  String decode(int... tokens);

  /** The text of one token. */
  String token(int id);

  /**
   * The id of a token by its text.
   *
   * @throws IllegalArgumentException when there is none
   */
  int id(String token);

  /** Whether a token is a control token. */
  boolean isControl(int id);

  /** The token that pads; never seen by a model here, as nothing is padded. */
  int pad();

  /** The token that begins a sequence. */
  int bos();

  /** The token that ends a response. */
  int eos();
}
