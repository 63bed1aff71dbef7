/**
 * Experiments and sweeps as data: definitions, metrics, bands, verdicts. What runs them is the
 * command.
 */
@NullMarked
package dev.hindsight.cli.experiment;

import org.jspecify.annotations.NullMarked;
