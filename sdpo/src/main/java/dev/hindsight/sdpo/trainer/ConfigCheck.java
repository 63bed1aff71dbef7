package dev.hindsight.sdpo.trainer;

/** One wording for every setting that is out of range: its key, what came, what was expected. */
final class ConfigCheck {
  private ConfigCheck() {}

  static void require(boolean holds, String key, Object given, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(key + ": got " + given + ", expected " + expected);
    }
  }

  /** A key that was set to null, or to nothing, has no default left. */
  static void given(Object value, String key, String expected) {
    require(value != null, key, "nothing", expected);
  }

  /** A section of the configuration. */
  static void section(Object value, String key) {
    given(value, key, "keys and values; for the defaults leave it out");
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
