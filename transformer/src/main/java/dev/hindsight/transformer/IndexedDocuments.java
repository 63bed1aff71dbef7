package dev.hindsight.transformer;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Documents that can be made one by one from their index, in batches. */
public final class IndexedDocuments implements DocumentSource {
  private final LongFunction<Document> training;
  private final LongFunction<Document> heldOut;
  private final int batchSize;
  private final int heldOutCount;

  /**
   * @param training the document to train on at an index from 0; a pure function
   * @param heldOut the same for documents that the loss is measured on
   * @param batchSize documents a step
   * @param heldOutCount how many documents the loss is measured on; may be 0
   */
  public IndexedDocuments(
      LongFunction<Document> training,
      LongFunction<Document> heldOut,
      int batchSize,
      int heldOutCount) {
    if (batchSize < 1 || heldOutCount < 0) {
      throw new IllegalArgumentException(
          "documents: batch size "
              + batchSize
              + " and "
              + heldOutCount
              + " held-out documents, expected at least 1 and at least 0");
    }
    this.training = training;
    this.heldOut = heldOut;
    this.batchSize = batchSize;
    this.heldOutCount = heldOutCount;
  }

  @Override
  public List<Document> batch(long step) {
    return LongStream.range(step * batchSize, (step + 1) * batchSize).mapToObj(training).toList();
  }

  @Override
  public List<Document> heldOut() {
    return IntStream.range(0, heldOutCount).mapToObj(i -> heldOut.apply(i)).toList();
  }
}
