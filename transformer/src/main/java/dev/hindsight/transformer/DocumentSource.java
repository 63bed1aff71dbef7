package dev.hindsight.transformer;

import java.util.List;

/**
 * Where {@link Pretrainer} takes documents from. Both methods are pure functions: the same step
 * gives the same documents, so a resumed run sees what an undisturbed one would have seen.
 */
public interface DocumentSource {
  /** The documents of a step, counted from 0. At least one. */
  List<Document> batch(long step);

  /** Documents that are never trained on, to measure the loss; may be empty. */
  default List<Document> heldOut() {
    return List.of();
  }
}
