/** RL by self-distillation: environments, rollouts, self-teacher, losses, trainer, evaluation. */
module dev.hindsight.sdpo {
  requires transitive dev.hindsight.transformer;
  requires java.compiler;
  requires static org.jspecify;
  requires tools.jackson.databind;
  requires tools.jackson.dataformat.yaml;

  exports dev.hindsight.sdpo.arithmetic;
  exports dev.hindsight.sdpo.choice;
  exports dev.hindsight.sdpo.code;
  exports dev.hindsight.sdpo.code.sandbox;
  exports dev.hindsight.sdpo.config;
  exports dev.hindsight.sdpo.data;
  exports dev.hindsight.sdpo.dialect;
  exports dev.hindsight.sdpo.environment;
  exports dev.hindsight.sdpo.evaluation;
  exports dev.hindsight.sdpo.loss;
  exports dev.hindsight.sdpo.rollout;
  exports dev.hindsight.sdpo.run;
  exports dev.hindsight.sdpo.teacher;
  exports dev.hindsight.sdpo.tools;
  exports dev.hindsight.sdpo.trainer;
}
