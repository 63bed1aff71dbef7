/**
 * Tool use in one turn: documentation of functions and a request; the answer names functions and
 * their inputs as JSON. The feedback says what is wrong with a call, and tells the right one only
 * when asked to.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.tools;
