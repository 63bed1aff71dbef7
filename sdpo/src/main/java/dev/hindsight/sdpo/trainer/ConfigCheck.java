package dev.hindsight.sdpo.trainer;

/** One wording for every setting that is out of range: its key, what came, what was expected. */
final class ConfigCheck {
  private ConfigCheck() {}

  static void require(boolean holds, String key, Object given, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(key + ": got " + given + ", expected " + expected);
    }
  }

  /** A finite number that is greater than zero. */
  static void positive(double value, String key) {
    require(value > 0 && Double.isFinite(value), key, value, "a finite number greater than 0");
  }

  /** A number in [0, 1]. */
  static void fraction(double value, String key) {
    require(value >= 0 && value <= 1, key, value, "a number from 0 to 1");
  }
}
