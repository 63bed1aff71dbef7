package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A backend and the type it is asked to compute in: what the conformance kit runs every case on.
 */
record Subject(Backend backend, DType dtype) {

  /** Where the truth is computed: the reference backend in F64. */
  static final Backend TRUTH = Backends.get("reference");

  /** Names the one backend that the kit runs on, in a run of its own. */
  static final String ONLY = "hindsight.conformance.backend";

  private static final List<Subject> ALL = all();

  private static List<Subject> all() {
    VectorWidth width = VectorWidth.forced();
    if (width != null) { // one of the runs of the vector kernels alone
      return width.isNative() ? List.of(new Subject(Backends.get("vector"), DType.F32)) : List.of();
    }
    List<Subject> subjects = new ArrayList<>();
    String only = System.getProperty(ONLY);
    if (only != null) {
      Backend backend = Backends.get(only);
      return List.of(new Subject(backend, DType.F32), new Subject(backend, DType.F64));
    }
    for (Backends.Provider provider : Backends.providers()) {
      if (provider.unavailable().isEmpty()) {
        Backend backend = Backends.get(provider.name());
        subjects.add(new Subject(backend, DType.F32));
        if (backend != TRUTH) {
          subjects.add(new Subject(backend, DType.F64));
        }
      }
    }
    subjects.add(new Subject(new FakeDevice().backend(), DType.F32));
    return subjects;
  }

  /**
   * Every backend that runs here, and the fake device; where a vector width is forced, the vector
   * backend alone.
   */
  static Stream<Subject> stream() {
    return ALL.stream();
  }

  /** u: half the distance from 1 to the next number, the relative error of one rounding. */
  double roundoff() {
    return dtype == DType.F32 ? 0x1p-24 : 0x1p-53;
  }

  /** The smallest positive number: the absolute error of a few roundings below the normal range. */
  double tiny() {
    return dtype == DType.F32 ? Float.MIN_VALUE : Double.MIN_VALUE;
  }

  /** {@code value} as this type holds it. */
  double round(double value) {
    return dtype == DType.F32 ? (float) value : value;
  }

  /**
   * {@code n u / (1 - n u)}: the relative error of a sum of n products (Higham, Accuracy and
   * Stability of Numerical Algorithms, 2002, section 3.1), whatever the order.
   */
  double gamma(double n) {
    return n * roundoff() / (1 - n * roundoff());
  }

  @Override
  public String toString() {
    return backend.name() + " " + dtype;
  }
}
