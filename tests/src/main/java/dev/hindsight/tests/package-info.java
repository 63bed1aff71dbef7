/** What crosses modules: conformance, oracles, properties, faults and end-to-end runs. */
@NullMarked
package dev.hindsight.tests;

import org.jspecify.annotations.NullMarked;
