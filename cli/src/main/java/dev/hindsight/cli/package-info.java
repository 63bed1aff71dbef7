/** The {@code hindsight} command. */
@NullMarked
package dev.hindsight.cli;

import org.jspecify.annotations.NullMarked;
