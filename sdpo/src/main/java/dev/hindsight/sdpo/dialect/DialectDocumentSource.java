package dev.hindsight.sdpo.dialect;

import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.DocumentSource;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@link PretrainingDocuments} in batches, for the pretraining loop. Models read {@link
 * DialectVocabulary#tokens}.
 */
public final class DialectDocumentSource implements DocumentSource {
  private final PretrainingDocuments training;
  private final PretrainingDocuments heldOut;
  private final int batchSize;
  private final int heldOutCount;

  /**
   * @param seed decides all documents
   * @param batchSize documents a step
   * @param heldOutCount how many documents the loss is measured on; may be 0
   */
  public DialectDocumentSource(long seed, int batchSize, int heldOutCount) {
    if (batchSize < 1 || heldOutCount < 0) {
      throw new IllegalArgumentException(
          "dialect documents: batch size "
              + batchSize
              + " and "
              + heldOutCount
              + " held-out documents, expected at least 1 and at least 0");
    }
    this.training = PretrainingDocuments.training(seed);
    this.heldOut = PretrainingDocuments.heldOut(seed);
    this.batchSize = batchSize;
    this.heldOutCount = heldOutCount;
  }

  @Override
  public List<Document> batch(long step) {
    return IntStream.range(0, batchSize)
        .mapToObj(i -> training.get(step * batchSize + i).toDocument())
        .toList();
  }

  @Override
  public List<Document> heldOut() {
    return IntStream.range(0, heldOutCount).mapToObj(i -> heldOut.get(i).toDocument()).toList();
  }
}
