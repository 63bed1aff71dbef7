/**
 * What runs in the child JVMs of the sandbox: one that compiles, and one that loads and runs what
 * was compiled. Nothing here may need more than the JDK, as the children's class path holds this
 * package alone. The parent uses {@link dev.hindsight.sdpo.code.worker.Wire} and {@link
 * dev.hindsight.sdpo.code.worker.Frames} to speak with them.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.code.worker;
