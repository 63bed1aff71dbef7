package dev.hindsight.tests.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Guards that no method of {@link Backend} goes without a conformance case. */
class CoverageTest {
  private static final List<Class<?>> KIT =
      List.of(
          MemoryConformanceTest.class,
          UnaryConformanceTest.class,
          ElementwiseConformanceTest.class,
          ReductionConformanceTest.class,
          MatmulConformanceTest.class,
          IndexingConformanceTest.class,
          SoftmaxConformanceTest.class,
          NormConformanceTest.class,
          RopeConformanceTest.class,
          AttentionConformanceTest.class,
          OptimiserConformanceTest.class);

  /** Add a case to one of the classes above and name the method in its {@link Covers}. */
  @Test
  void everyBackendMethodHasACase() {
    Set<String> covered =
        KIT.stream()
            .flatMap(c -> Stream.of(c.getDeclaredMethods()))
            .filter(m -> m.isAnnotationPresent(Covers.class))
            .filter(m -> m.isAnnotationPresent(Test.class))
            .flatMap(m -> Arrays.stream(m.getAnnotation(Covers.class).value()))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(covered).containsExactlyInAnyOrderElementsOf(methods());
  }

  static Stream<String> backends() {
    return Backends.providers().stream().map(Backends.Provider::name);
  }

  /** A backend that cannot run here is skipped, for all to see, and its cases with it. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("backends")
  void everyBackendRunsTheKit(String name) {
    Optional<String> reason =
        Backends.providers().stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow()
            .unavailable();
    assumeTrue(
        reason.isEmpty(),
        () -> "the conformance kit did not run on " + name + ": " + reason.orElseThrow());
    assertThat(Subject.stream().map(s -> s.backend().name())).contains(name);
  }

  static Set<String> methods() {
    return Stream.of(Backend.class.getMethods())
        .map(Method::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
