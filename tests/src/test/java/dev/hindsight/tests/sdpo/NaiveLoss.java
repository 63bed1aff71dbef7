package dev.hindsight.tests.sdpo;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Every loss of SDPO and of GRPO once more, in plain doubles and one position at a time, from the
 * formulas of arXiv 2601.20802. {@code z} are the logits that are differentiated; {@code now} are
 * the same numbers where a stop-gradient stands, so that a difference of two values moves nothing
 * that must not be differentiated.
 */
final class NaiveLoss {
  private NaiveLoss() {}

  /** One position: what the loss reads, and what stands still. */
  record Position(double[] z, double[] now, double[] u, int y, double logOld, double advantage) {
    double logP() {
      return logSoftmax(z)[y];
    }

    double logPNow() {
      return logSoftmax(now)[y];
    }

    double logQ() {
      return logSoftmax(u)[y];
    }

    /** exp(clamp(log p - log pi_old)). */
    double ratio() {
      return Math.exp(clamp(logP() - logOld, -20, 20));
    }

    /** min(ratio, clip), detached. */
    double rho(Double clip) {
      return clip == null ? 1 : Math.min(Math.exp(clamp(logPNow() - logOld, -20, 20)), clip);
    }
  }

  static double clamp(double x, double low, double high) {
    return Math.max(low, Math.min(high, x));
  }

  static double[] logSoftmax(double[] z) {
    double max = Arrays.stream(z).max().orElseThrow();
    double norm = 0;
    for (double v : z) {
      norm += Math.exp(v - max);
    }
    double log = max + Math.log(norm);
    return Arrays.stream(z).map(v -> v - log).toArray();
  }

  /** Indices of the k largest, largest first. */
  static int[] top(double[] z, int k) {
    return IntStream.range(0, z.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -z[i]))
        .limit(k)
        .mapToInt(i -> i)
        .toArray();
  }

  /** Log-masses of the outcomes at some indices. */
  static double[] buckets(double[] logits, int[] at, boolean tail, boolean renormalise) {
    double[] all = logSoftmax(logits);
    double[] head = Arrays.stream(at).mapToDouble(i -> all[i]).toArray();
    double mass = Math.log(Arrays.stream(head).map(Math::exp).sum());
    if (tail) {
      double[] more = Arrays.copyOf(head, head.length + 1);
      more[head.length] = Math.log(-Math.expm1(Math.min(mass, -1e-7)));
      return more;
    }
    return renormalise ? Arrays.stream(head).map(v -> v - mass).toArray() : head;
  }

  /** Over which outcomes; k of 0 is the whole vocabulary. */
  record Outcomes(int k, boolean tail) {
    double[][] of(Position x) {
      if (k == 0) {
        return new double[][] {logSoftmax(x.z), logSoftmax(x.u), logSoftmax(x.now)};
      }
      int[] at = top(x.now, k);
      return new double[][] {
        buckets(x.z, at, tail, true), buckets(x.u, at, tail, true), buckets(x.now, at, tail, true)
      };
    }
  }

  static double kl(double[] a, double[] b) {
    double sum = 0;
    for (int v = 0; v < a.length; v++) {
      sum += Math.exp(a[v]) * (a[v] - b[v]);
    }
    return sum;
  }

  static double distillation(
      Position x, double alpha, Outcomes outcomes, Double isClip, Double klClip) {
    double[][] b = outcomes.of(x);
    double divergence;
    if (alpha == 0) {
      divergence = kl(b[1], b[0]);
    } else if (alpha == 1) {
      divergence = kl(b[0], b[1]);
    } else {
      double[] m = new double[b[0].length];
      for (int v = 0; v < m.length; v++) {
        m[v] = Math.log((1 - alpha) * Math.exp(b[0][v]) + alpha * Math.exp(b[1][v]));
      }
      divergence = (1 - alpha) * kl(b[0], m) + alpha * kl(b[1], m);
    }
    return x.rho(isClip) * (klClip == null ? divergence : Math.min(divergence, klClip));
  }

  static double surrogate(Position x, Outcomes outcomes, double largest, Double isClip) {
    double[][] b = outcomes.of(x);
    double sum = 0;
    for (int v = 0; v < b[0].length; v++) {
      sum -= Math.exp(b[0][v]) * Math.min(b[1][v] - b[2][v], largest);
    }
    return x.rho(isClip) * sum;
  }

  /** Equation 13; {@code old} are the logits of pi_old. */
  static double clippedSurrogate(
      Position x, double[] old, int k, boolean tail, double low, double high, double largest) {
    int[] at = top(old, k);
    double[] p = buckets(x.z, at, tail, false);
    double[] now = buckets(x.now, at, tail, false);
    double[] q = buckets(x.u, at, tail, false);
    double[] o = buckets(old, at, tail, false);
    double sum = 0;
    for (int v = 0; v < p.length; v++) {
      double advantage = Math.min(q[v] - now[v], largest);
      double w = Math.exp(clamp(p[v] - o[v], -20, 20));
      sum -= Math.exp(o[v]) * Math.min(w * advantage, clamp(w, 1 - low, 1 + high) * advantage);
    }
    return sum;
  }

  static double sampledToken(Position x, Double isClip, double largest) {
    return x.rho(isClip) * -Math.min(x.logQ() - x.logPNow(), largest) * x.logP();
  }

  /** PPO with dual clip, of any ratio w. */
  static double policyGradient(double w, double a, double low, double high, double dual) {
    double loss = Math.max(-a * w, -a * clamp(w, 1 - low, 1 + high));
    return a < 0 ? Math.min(loss, -dual * a) : loss;
  }

  static double cispo(Position x, double low, double high) {
    double w = Math.exp(clamp(x.logPNow() - x.logOld, -20, 20));
    return -clamp(w, 1 - low, 1 + high) * x.advantage * x.logP();
  }

  static double minusEntropy(Position x) {
    double[] p = logSoftmax(x.z);
    return Arrays.stream(p).map(l -> Math.exp(l) * l).sum();
  }

  static double referenceKl(Position x, String estimator) {
    double k = clamp(x.logQ() - x.logP(), -20, 20);
    return switch (estimator) {
      case "KL" -> -k;
      case "ABS" -> Math.abs(k);
      case "MSE" -> k * k / 2;
      case "LOW_VAR_KL" -> Math.exp(k) - k - 1;
      case "FULL" -> kl(logSoftmax(x.z), logSoftmax(x.u));
      default -> throw new IllegalArgumentException(estimator);
    };
  }
}
