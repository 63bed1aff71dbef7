/**
 * The fast CPU backend: F32 kernels on the Vector API, at the widest vectors that the processor
 * has. The only package that imports {@code jdk.incubator.vector}; what it does not cover (F64,
 * rare functions, I32) goes to {@code dev.hindsight.engine.reference}.
 */
@NullMarked
package dev.hindsight.engine.vector;

import org.jspecify.annotations.NullMarked;
