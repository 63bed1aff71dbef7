/**
 * Matrix products and attention as kernels in Java, which TornadoVM compiles for a GPU, and the
 * backend {@code tornado} that offloads them and leaves everything else to the Vector backend.
 *
 * <p>Every kernel is there twice. The one in {@code ...Kernels} has {@code @Parallel} loops and is
 * the plain way to say what is computed; the one in {@code ...Tiles} has work-groups that share
 * tiles of the operands in local memory, and is what runs on a device.
 */
@NullMarked
package dev.hindsight.tornado;

import org.jspecify.annotations.NullMarked;
