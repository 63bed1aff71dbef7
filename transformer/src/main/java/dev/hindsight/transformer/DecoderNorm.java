package dev.hindsight.transformer;

import dev.hindsight.autograd.Variable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** RMSNorm (no bias) or LayerNorm over the last axis. */
record DecoderNorm(Variable weight, @Nullable Variable bias, double epsilon) {
  static DecoderNorm of(DecoderConfig config, Map<String, Variable> parameters, String name) {
    return new DecoderNorm(
        DecoderParameters.require(parameters, name + ".weight"),
        parameters.get(name + ".bias"),
        config.normEpsilon());
  }

  Variable apply(Variable x) {
    return bias == null ? x.rmsNorm(weight, epsilon) : x.layerNorm(weight, bias, epsilon);
  }
}
