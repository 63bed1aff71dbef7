/** Hindsight measured against what its machine can do, and against its peers. */
@NullMarked
package dev.hindsight.benchmarks;

import org.jspecify.annotations.NullMarked;
