/**
 * JMH benchmarks of single kernels, for work on one of them: {@code ./hindsight bench --jmh}. What
 * is compared with other libraries, and whole steps of models, are in the package above.
 */
@NullMarked
package dev.hindsight.benchmarks.kernels;

import org.jspecify.annotations.NullMarked;
