/** Wrong gradients that PIT plants: mistakes that people make when they write a backward pass. */
@NullMarked
package dev.hindsight.mutators;

import org.jspecify.annotations.NullMarked;
