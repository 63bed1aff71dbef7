/** Property-based gradient checks: jqwik arbitraries and ready-made properties. */
@NullMarked
package dev.hindsight.gradcheck;

import org.jspecify.annotations.NullMarked;
