/** A configurable decoder-only transformer: layers, KV cache, sampling, tokenizers, checkpoints. */
module dev.hindsight.transformer {
  requires transitive dev.hindsight.autograd;
  requires static org.jspecify;
  requires tools.jackson.databind;

  exports dev.hindsight.transformer;
}
