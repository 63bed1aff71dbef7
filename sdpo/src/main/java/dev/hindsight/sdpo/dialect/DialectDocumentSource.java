package dev.hindsight.sdpo.dialect;

import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.DocumentSource;
import dev.hindsight.transformer.IndexedDocuments;
import java.util.List;

/**
 * {@link PretrainingDocuments} in batches, for the pretraining loop. Models read {@link
 * DialectVocabulary#tokens}.
 */
public final class DialectDocumentSource implements DocumentSource {
  private final DocumentSource documents;

  /**
   * @param seed decides all documents
   * @param batchSize documents a step
   * @param heldOutCount how many documents the loss is measured on; may be 0
   */
  public DialectDocumentSource(long seed, int batchSize, int heldOutCount) {
    PretrainingDocuments training = PretrainingDocuments.training(seed);
    PretrainingDocuments heldOut = PretrainingDocuments.heldOut(seed);
    this.documents =
        new IndexedDocuments(
            i -> training.get(i).toDocument(),
            i -> heldOut.get(i).toDocument(),
            batchSize,
            heldOutCount);
  }

  @Override
  public List<Document> batch(long step) {
    return documents.batch(step);
  }

  @Override
  public List<Document> heldOut() {
    return documents.heldOut();
  }
}
