/**
 * Tensors without gradients: types, shapes, strided views over opaque storage, workspaces, random
 * numbers, and the {@link dev.hindsight.engine.Backend} seam that CPUs and devices implement.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.engine;
