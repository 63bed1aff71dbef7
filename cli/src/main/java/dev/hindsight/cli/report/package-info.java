/**
 * What a run shows a person: results, the verdict that follows from them, and one self-contained
 * HTML page. Everything is read from the files of run folders.
 */
@NullMarked
package dev.hindsight.cli.report;

import org.jspecify.annotations.NullMarked;
