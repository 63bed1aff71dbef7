package dev.hindsight.tests.oracle;

import dev.hindsight.gradcheck.Draw;
import java.util.function.Function;
import net.jqwik.api.Arbitrary;

/**
 * An entry of the {@link OracleTable}.
 *
 * @param name the op's name in gradcheck's registry
 * @param draw draws a case for both sides
 */
record OracleOp(String name, Function<Draw, OracleCase> draw) {

  /** Random cases, with shrinking. */
  Arbitrary<OracleCase> cases() {
    return Draw.arbitrary(d -> draw.apply(d).of(name));
  }
}
