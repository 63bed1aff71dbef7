/** A configurable decoder-only transformer and what it needs to train and sample. */
@NullMarked
package dev.hindsight.transformer;

import org.jspecify.annotations.NullMarked;
