/**
 * Multiple choice, as the paper's experiments without rich feedback have it: a question, labelled
 * options, reasoning, one label between answer tags. Right or wrong is all that the verifier says.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.choice;
