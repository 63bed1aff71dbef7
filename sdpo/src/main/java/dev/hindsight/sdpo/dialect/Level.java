package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Ready-made dialects, from near to the prior's most likely one to far from it: the farther, the
 * rarer a success.
 */
public enum Level {
  B(0, 0, 0, 0, false),
  E(0, 1, 0, 0, false),
  P(1, 1, 0, 0, false),
  M(1, 1, 0, 1, false),
  Q(2, 2, 1, 0, true),
  H(2, 2, 1, 1, true),
  X(3, 3, 2, 1, true);

  /** Every rank twice: the operations' names are as likely as the prior's on average. */
  private static final int[] EVEN_NAMES = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};

  private static final int[] RARE_NAMES = {3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5};
  private static final long SHUFFLE_STREAM = 0x6C65_7665_6C73L;

  private final Bracket bracket;
  private final Separator separator;
  private final Terminator terminator;
  private final ArgumentOrder order;
  private final boolean rareNames;

  Level(int bracket, int separator, int terminator, int order, boolean rareNames) {
    this.bracket = Bracket.values()[bracket];
    this.separator = Separator.values()[separator];
    this.terminator = Terminator.values()[terminator];
    this.order = ArgumentOrder.values()[order];
    this.rareNames = rareNames;
  }

  /** The level that a configuration names, in either case. */
  public static Level ofName(String name) {
    for (Level level : values()) {
      if (level.name().equals(name.toUpperCase(Locale.ROOT))) {
        return level;
      }
    }
    throw new IllegalArgumentException(
        "level '" + name + "' does not exist, expected one of " + Arrays.toString(values()));
  }

  /**
   * The dialect of this level. The seed decides which operation has a name of which rank; levels
   * with the same spread of ranks share the names for the same seed.
   */
  public Dialect dialect(long seed) {
    int[] ranks = rareNames ? RARE_NAMES : EVEN_NAMES;
    int[] order = new Philox(seed, SHUFFLE_STREAM).permutation(ranks.length);
    List<String> names = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      names.add(Names.of(operation, ranks[order[operation.ordinal()]]));
    }
    return new Dialect(bracket, separator, terminator, this.order, names);
  }
}
