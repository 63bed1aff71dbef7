package dev.hindsight.sdpo.trainer;

import dev.hindsight.sdpo.loss.Aggregation;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.sdpo.loss.CispoLoss;
import dev.hindsight.sdpo.loss.ClippedSurrogateLoss;
import dev.hindsight.sdpo.loss.DistillationLoss;
import dev.hindsight.sdpo.loss.Divergence;
import dev.hindsight.sdpo.loss.EntropyBonus;
import dev.hindsight.sdpo.loss.HighEntropy;
import dev.hindsight.sdpo.loss.ImportanceWeight;
import dev.hindsight.sdpo.loss.LogLikelihoodLoss;
import dev.hindsight.sdpo.loss.PolicyGradientLoss;
import dev.hindsight.sdpo.loss.ReferenceKlLoss;
import dev.hindsight.sdpo.loss.SampledTokenLoss;
import dev.hindsight.sdpo.loss.SequenceLevel;
import dev.hindsight.sdpo.loss.SurrogateLoss;
import dev.hindsight.sdpo.loss.TokenLoss;
import dev.hindsight.sdpo.trainer.PolicyUpdate.Sample;
import dev.hindsight.sdpo.trainer.SelfDistillationConfig.DistillationMode;
import dev.hindsight.sdpo.trainer.SelfDistillationConfig.SequenceBaseline;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a mini-batch minimises, as a sum of terms: SDPO's loss, GRPO's, or both (arXiv 2601.20802,
 * equation 3), with an entropy bonus or a KL to the initial policy where one is asked for. Every
 * variant of the paper is a choice of terms here; the terms themselves are in {@code loss}.
 */
final class Objective {
  /** Parts that runs of two objectives tell apart, as {@code metrics.jsonl} names them. */
  static final String DISTILLATION = "distillation_loss";

  static final String POLICY = "policy_loss";

  private final ActorConfig actor;
  private final SelfDistillationConfig distillation;
  private final AlgorithmConfig algorithm;
  private final TrainConfig.Method method;
  private final boolean mixes;
  private final int longestResponse;
  private final TokenLoss policyLoss;

  /**
   * @param longestResponse most tokens that a response may have
   */
  Objective(TrainConfig config, int longestResponse) {
    this.actor = config.actor();
    this.distillation = config.selfDistillation();
    this.algorithm = config.algorithm();
    this.method = config.method();
    this.mixes = config.mixes();
    this.longestResponse = longestResponse;
    this.policyLoss = policyLoss(actor);
  }

  /** The main loss of a configuration. */
  static TokenLoss loss(TrainConfig config) {
    return switch (config.method()) {
      case GRPO -> policyLoss(config.actor());
      case SDPO -> distillationLoss(config.selfDistillation(), config.actor());
      case SFT -> new LogLikelihoodLoss();
    };
  }

  private static TokenLoss policyLoss(ActorConfig a) {
    return switch (a.lossMode()) {
      case VANILLA -> new PolicyGradientLoss(a.clipRatioLow(), a.clipRatioHigh(), a.clipRatioC());
      case CISPO -> new CispoLoss(a.clipRatioLow(), a.clipRatioHigh());
    };
  }

  private static TokenLoss distillationLoss(SelfDistillationConfig d, ActorConfig a) {
    double largest = largestAdvantage(d);
    return switch (d.mode()) {
      case SEQUENCE -> policyLoss(a);
      case SAMPLED_TOKEN -> new SampledTokenLoss(d.isClip(), largest);
      case FULL_LOGITS, TOPK_LOGITS, ARGMAX_TOKEN -> {
        if (d.clippedSurrogate()) {
          boolean argmax = d.mode() == DistillationMode.ARGMAX_TOKEN;
          yield new ClippedSurrogateLoss(
              argmax ? 1 : Objects.requireNonNull(d.distillationTopk()),
              argmax || d.distillationAddTail(),
              a.clipRatioLow(),
              a.clipRatioHigh(),
              largest);
        }
        yield d.clipAdvHigh() == null
            ? new DistillationLoss(
                new Divergence(d.alpha()), d.support(), d.isClip(), d.tokenKlClip())
            : new SurrogateLoss(d.support(), largest, d.isClip());
      }
    };
  }

  private static double largestAdvantage(SelfDistillationConfig d) {
    return d.clipAdvHigh() == null ? Double.POSITIVE_INFINITY : d.clipAdvHigh();
  }

  /** How many of pi_old's likeliest tokens a loss wants to be remembered; 0 for none. */
  int oldTop() {
    return method == TrainConfig.Method.SDPO
            && distillationLoss(distillation, actor) instanceof ClippedSurrogateLoss surrogate
        ? surrogate.k()
        : 0;
  }

  /** Whether a second model reads the responses: the self-teacher, or GRPO's reference. */
  boolean reads() {
    return method == TrainConfig.Method.SDPO || actor.useKlLoss();
  }

  /** Whether terms need to know the log-probabilities of the whole mini-batch beforehand. */
  boolean needsSurvey() {
    boolean distils = method == TrainConfig.Method.SDPO;
    boolean policy = method == TrainConfig.Method.GRPO || mixes;
    boolean credit = distils && (distillation.mode() == DistillationMode.SEQUENCE || mixesTokens());
    return credit
        || (distils && distillation.prefixTerm())
        || (policy && (actor.topEntropyQuantile() < 1 || wholeSequences()));
  }

  /** The terms of a mini-batch, and what each is called where there are several. */
  record Terms(List<ChunkedLoss.Term> terms, List<String> names) {
    private Terms() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    private void add(String name, ChunkedLoss.Term term) {
      names.add(name);
      terms.add(term);
    }

    /** How many tokens count in any of the terms. */
    int live() {
      int live = 0;
      for (int r = 0; r < terms.getFirst().weight().length; r++) {
        int row = r;
        live += terms.stream().anyMatch(t -> t.weight()[row] != 0) ? 1 : 0;
      }
      return live;
    }
  }

  /**
   * @param survey of the mini-batch, where {@link #needsSurvey}
   */
  Terms terms(MiniBatch rows, ChunkedLoss.@Nullable Outputs survey) {
    Terms all = new Terms();
    switch (method) {
      case GRPO -> policy(all, rows, s -> true, s -> true, 1, survey);
      case SFT ->
          all.add(
              "sft_loss",
              term(
                  new LogLikelihoodLoss(),
                  rows,
                  rows.weights(Sample::target, Sample::target, 1, aggregation(), scale()),
                  null));
      case SDPO -> sdpo(all, rows, survey);
    }
    if (actor.useKlLoss()) {
      double[] weight =
          rows.weights(s -> true, s -> true, actor.klLossCoef(), aggregation(), scale());
      all.add("kl_loss", term(new ReferenceKlLoss(actor.klLossType()), rows, weight, null));
    }
    if (actor.entropyCoeff() > 0) {
      double[] weight =
          rows.weights(s -> true, s -> true, actor.entropyCoeff(), aggregation(), scale());
      all.add("entropy_loss", term(new EntropyBonus(), rows, weight, null));
    }
    return all;
  }

  private void sdpo(Terms all, MiniBatch rows, ChunkedLoss.@Nullable Outputs survey) {
    double lambda = algorithm.hybridLambda();
    double w = distillation.distillationWeight();
    if (mixesTokens()) {
      // equation 3 where one token, or one response, carries the credit: one loss of A
      double[] advantage = mixed(rows, Objects.requireNonNull(survey));
      double[] weight = rows.weights(s -> true, s -> true, 1, aggregation(), scale());
      all.add(
          DISTILLATION,
          new ChunkedLoss.Term(policyLoss, weight, old(rows, survey), advantage, null));
    } else if (lambda > 0) {
      // equation 3 where logits do: what is the same for all v has no gradient in expectation, so
      // GRPO's part acts through the sampled token; one average for both
      distil(all, rows, Sample::target, s -> true, 1 - lambda, survey);
      policy(all, rows, s -> true, s -> true, lambda, survey);
    } else if (routes()) {
      distil(all, rows, s -> s.target() && !s.success(), s -> true, 1, survey);
      policy(all, rows, s -> !s.target() || s.success(), s -> true, 1, survey);
    } else {
      distil(all, rows, Sample::target, Sample::target, w, survey);
      if (w < 1) {
        policy(all, rows, s -> true, s -> true, 1 - w, survey);
      }
    }
  }

  private boolean mixesTokens() {
    DistillationMode mode = distillation.mode();
    return algorithm.hybridLambda() > 0
        && (mode == DistillationMode.SAMPLED_TOKEN || mode == DistillationMode.SEQUENCE);
  }

  private boolean routes() {
    return algorithm.routing() == AlgorithmConfig.Routing.SRPO;
  }

  private boolean wholeSequences() {
    return actor.importanceSamplingLevel() == ActorConfig.Level.SEQUENCE;
  }

  // ------------------------------------------------------------------- terms

  private void distil(
      Terms all,
      MiniBatch rows,
      Predicate<Sample> counted,
      Predicate<Sample> averaged,
      double coefficient,
      ChunkedLoss.@Nullable Outputs survey) {
    double[] weight = rows.weights(counted, averaged, coefficient, aggregation(), scale());
    TokenLoss loss = distillationLoss(distillation, actor);
    if (distillation.mode() == DistillationMode.SEQUENCE) {
      double[] advantage = credit(rows, Objects.requireNonNull(survey));
      all.add(DISTILLATION, new ChunkedLoss.Term(loss, weight, old(rows, survey), advantage, null));
    } else {
      all.add(DISTILLATION, new ChunkedLoss.Term(loss, weight, rows.logOld(), null, rows.oldTop()));
    }
    if (distillation.prefixTerm()) {
      double[] advantage = prefix(rows, Objects.requireNonNull(survey));
      all.add("prefix_loss", term(new LogLikelihoodLoss(), rows, weight, advantage));
    }
  }

  private void policy(
      Terms all,
      MiniBatch rows,
      Predicate<Sample> counted,
      Predicate<Sample> averaged,
      double coefficient,
      ChunkedLoss.@Nullable Outputs survey) {
    ActorConfig.LossType type = actor.lossType();
    Aggregation mode =
        type == null
            ? aggregation()
            : switch (type) {
              case DAPO, BNPO -> Aggregation.TOKEN_MEAN;
              case GRPO -> Aggregation.REFERENCE_EFFECTIVE;
              case DR_GRPO -> Aggregation.SEQ_MEAN_TOKEN_SUM_NORM;
            };
    // Dr. GRPO in TRL divides by the number of sequences, too; sum-norm in verl does not
    double scale = type == ActorConfig.LossType.DR_GRPO ? rows.lengths().length * scale() : scale();
    double[] weight = rows.weights(counted, averaged, coefficient, mode, scale);
    if (actor.topEntropyQuantile() < 1) {
      boolean[] live = new boolean[weight.length];
      for (int r = 0; r < live.length; r++) {
        live[r] = weight[r] != 0;
      }
      double[] entropy = Objects.requireNonNull(survey).entropy();
      boolean[] forking = HighEntropy.mask(entropy, live, actor.topEntropyQuantile());
      for (int r = 0; r < live.length; r++) {
        weight[r] = forking[r] ? weight[r] : 0;
      }
    }
    double[] advantage = rows.perToken(s -> s.advantage());
    all.add(POLICY, new ChunkedLoss.Term(policyLoss, weight, old(rows, survey), advantage, null));
  }

  private static ChunkedLoss.Term term(
      TokenLoss loss, MiniBatch rows, double[] weight, double @Nullable [] advantage) {
    return new ChunkedLoss.Term(loss, weight, rows.logOld(), advantage, null);
  }

  /** log pi_old of the sampled tokens as the policy-gradient loss reads it. */
  private double[] old(MiniBatch rows, ChunkedLoss.@Nullable Outputs survey) {
    return wholeSequences()
        ? SequenceLevel.old(Objects.requireNonNull(survey).logP(), rows.logOld(), rows.lengths())
        : rows.logOld();
  }

  /** A_SDPO of each row where a token or a response carries the credit, clipped. */
  private double[] credit(MiniBatch rows, ChunkedLoss.Outputs survey) {
    double[] logQ = Objects.requireNonNull(survey.logQ());
    double[] credit;
    if (distillation.mode() == DistillationMode.SEQUENCE) {
      credit = SequenceLevel.advantage(survey.logP(), logQ, rows.lengths());
      if (distillation.sequenceBaseline() != SequenceBaseline.NONE) {
        boolean byQuestion = distillation.sequenceBaseline() == SequenceBaseline.GROUP;
        credit = SequenceLevel.centred(credit, rows.lengths(), rows.cohorts(byQuestion));
      }
    } else {
      credit = new double[logQ.length];
      for (int r = 0; r < credit.length; r++) {
        credit[r] = logQ[r] - survey.logP()[r];
      }
    }
    double largest = largestAdvantage(distillation);
    for (int r = 0; r < credit.length; r++) {
      credit[r] = Math.min(credit[r], largest);
    }
    return credit;
  }

  /** lambda A_GRPO + (1 - lambda) A_SDPO; no A_SDPO where the teacher sees nothing. */
  private double[] mixed(MiniBatch rows, ChunkedLoss.Outputs survey) {
    double lambda = algorithm.hybridLambda();
    double[] grpo = rows.perToken(s -> lambda * s.advantage());
    double[] share = rows.perToken(s -> s.target() ? 1 - lambda : 0);
    double[] sdpo = credit(rows, survey);
    for (int r = 0; r < grpo.length; r++) {
      grpo[r] += share[r] * sdpo[r];
    }
    return grpo;
  }

  /** Minus the prefix term's return, weighed as the divergence of the same token is. */
  private double[] prefix(MiniBatch rows, ChunkedLoss.Outputs survey) {
    double[] toGo = SequenceLevel.toGo(Objects.requireNonNull(survey.gap()), rows.lengths());
    Double clip = distillation.isClip();
    for (int r = 0; r < toGo.length; r++) {
      double rho =
          clip == null ? 1 : ImportanceWeight.truncated(survey.logP()[r], rows.logOld()[r], clip);
      toGo[r] = -rho * toGo[r];
    }
    return toGo;
  }

  private Aggregation aggregation() {
    return actor.lossAggMode();
  }

  /** L, by which {@code seq-mean-token-sum-norm} divides. */
  private double scale() {
    Double factor = actor.lossScaleFactor();
    return factor == null ? longestResponse : factor;
  }
}
