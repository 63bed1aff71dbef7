/**
 * The code environment: programming problems in LiveCodeBench's format, solved in Java, with tests
 * as the verifier and the paper's feedback (arXiv 2601.20802, section F.3). Submitted code runs in
 * {@link dev.hindsight.sdpo.code.sandbox}.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.code;
