/** What a policy and its self-teacher can do on held-out questions. */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.evaluation;
