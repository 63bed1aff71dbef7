/** Reverse-mode automatic differentiation over the engine, optimisers and schedules. */
module dev.hindsight.autograd {
  requires transitive dev.hindsight.engine;
  requires static org.jspecify;

  exports dev.hindsight.autograd;
}
