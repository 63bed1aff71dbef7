/** Reverse-mode automatic differentiation over the engine. */
@NullMarked
package dev.hindsight.autograd;

import org.jspecify.annotations.NullMarked;
