/**
 * Compiles and runs code that nobody has read. Layers, from the inside out: an allowlist over the
 * compiled class files, a child JVM that knows no right answer, limits of the operating system, and
 * namespaces where the machine has them.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.code.sandbox;
