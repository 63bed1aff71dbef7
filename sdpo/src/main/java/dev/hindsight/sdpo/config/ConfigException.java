package dev.hindsight.sdpo.config;

/**
 * A configuration that cannot be used. The message is complete for a person: the file and line, the
 * key, what came, what was expected.
 */
public final class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
