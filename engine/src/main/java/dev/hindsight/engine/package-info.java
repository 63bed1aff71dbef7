/** Tensors and the backends that compute on them. */
@NullMarked
package dev.hindsight.engine;

import org.jspecify.annotations.NullMarked;
