/**
 * Experiments as files: strict YAML to records and back.
 *
 * <p>A misspelt key that is silently ignored costs a night of computing, so every key must be known
 * and every value well typed, and the message says where and what was meant.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.config;
