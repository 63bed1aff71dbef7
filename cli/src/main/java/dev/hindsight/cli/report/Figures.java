package dev.hindsight.cli.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers as a person reads them; the page's script writes them the same way. */
public final class Figures {
  private Figures() {}

  /** A fraction as per cent: {@code 97.2 %}, {@code 0.05 %}. */
  public static String percent(@Nullable Double fraction) {
    if (fraction == null) {
      return "-";
    }
    double p = 100 * fraction;
    if (p == 0) {
      return "0 %";
    }
    if (p < 0.001) {
      return "<0.001 %";
    }
    // the least number of digits that says more than "nearly nothing"
    int digits = p < 0.1 ? (int) Math.ceil(-Math.log10(p)) : p < 1 ? 2 : 1;
    // rounded from the exact binary value, as the page's script rounds
    return new BigDecimal(p).setScale(digits, RoundingMode.HALF_UP).toPlainString() + " %";
  }

  /** A count with separators: {@code 6,400}. */
  public static String count(@Nullable Double n) {
    return n == null ? "-" : String.format(Locale.ROOT, "%,d", Math.round(n));
  }

  /** Seconds: {@code 4.2 s}, {@code 3 min 20 s}. */
  public static String seconds(@Nullable Double s) {
    if (s == null) {
      return "-";
    }
    if (s < 100) {
      return String.format(Locale.ROOT, "%.1f s", s);
    }
    long whole = Math.round(s);
    return whole / 60 + " min " + whole % 60 + " s";
  }
}
