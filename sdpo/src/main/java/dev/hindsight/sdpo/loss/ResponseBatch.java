package dev.hindsight.sdpo.loss;

import dev.hindsight.transformer.Batch;
import java.util.ArrayList;
import java.util.List;

/**
 * Responses read under prompts (teacher forcing), packed without padding. Of a sequence prompt + y
 * with P prompt tokens, the logits at positions P - 1 ... P + T - 2 predict y_1 ... y_T; these
 * rows, and no others, are wanted from the decoder, so student and teacher line up row by row
 * although their prompts differ in length.
 *
 * @param inputs what the decoder reads: each prompt and its response but for the last token
 * @param sampled y_t of every row, all responses one after another {@code [R]}
 * @param lengths tokens T of each response
 */
public record ResponseBatch(Batch inputs, int[] sampled, int[] lengths) {

  /**
   * @throws IllegalArgumentException when a prompt or a response is empty, or the numbers differ
   */
  public static ResponseBatch of(List<int[]> prompts, List<int[]> responses) {
    if (prompts.size() != responses.size()) {
      throw new IllegalArgumentException(
          "response batch: " + prompts.size() + " prompts for " + responses.size() + " responses");
    }
    List<int[]> sequences = new ArrayList<>(prompts.size());
    int[] lengths = responses.stream().mapToInt(r -> r.length).toArray();
    int[] sampled = new int[java.util.Arrays.stream(lengths).sum()];
    int row = 0;
    for (int i = 0; i < lengths.length; i++) {
      int[] prompt = prompts.get(i);
      int[] response = responses.get(i);
      if (prompt.length == 0 || response.length == 0) {
        throw new IllegalArgumentException(
            "response batch: prompt and response "
                + i
                + " have "
                + prompt.length
                + " and "
                + response.length
                + " tokens, expected at least one each");
      }
      int[] sequence = new int[prompt.length + response.length - 1];
      System.arraycopy(prompt, 0, sequence, 0, prompt.length);
      System.arraycopy(response, 0, sequence, prompt.length, response.length - 1);
      sequences.add(sequence);
      System.arraycopy(response, 0, sampled, row, response.length);
      row += response.length;
    }
    return new ResponseBatch(Batch.packed(sequences, lengths), sampled, lengths);
  }

  /** Response tokens of all sequences: R. */
  public int rows() {
    return sampled.length;
  }
}
