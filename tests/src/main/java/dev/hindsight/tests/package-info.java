/** What crosses modules: conformance, properties, faults and end-to-end runs. */
@NullMarked
package dev.hindsight.tests;

import org.jspecify.annotations.NullMarked;
