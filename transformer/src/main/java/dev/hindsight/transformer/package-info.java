/**
 * A configurable decoder-only transformer and what it needs to train, to sample, and to be stored
 * as Hugging Face's loaders expect it.
 */
@NullMarked
package dev.hindsight.transformer;

import org.jspecify.annotations.NullMarked;
