/**
 * The self-teacher: which solution and feedback it sees, how these become its prompt, and whose
 * weights it has.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.teacher;
