/** Single samples of a run, for people to read. */
@NullMarked
package dev.hindsight.cli.inspect;

import org.jspecify.annotations.NullMarked;
