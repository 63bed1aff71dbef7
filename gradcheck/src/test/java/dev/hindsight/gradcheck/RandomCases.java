package dev.hindsight.gradcheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Seeds every jqwik property and counts the cases it tried; registered through {@code
 * META-INF/services} for the suites of gradcheck and tests.
 *
 * <p>The seed follows from the property's name and the system property {@code hindsight.test.seed}
 * ({@code ./hindsight test -Dtest.seed=N}), so a run repeats and another number draws other cases.
 * A seed written at the property itself stays.
 *
 * <p>A property with {@link EachOp} tries every op as often as that says, or as the system property
 * {@code hindsight.test.cases} ({@code ./hindsight test -Dtest.cases=5000}).
 *
 * <p>Each property with a parameter adds a line {@code name, tries} to {@code
 * target/random-cases.tsv} of its module, which {@code ./hindsight test} adds up; examples, which
 * draw nothing, do not count.
 */
public final class RandomCases implements AroundPropertyHook {

  @Override
  public PropagationMode propagateTo() {
    return PropagationMode.ALL_DESCENDANTS;
  }

  @Override
  public PropertyExecutionResult aroundProperty(
      PropertyLifecycleContext context, PropertyExecutor property) throws IOException {
    String name = context.containerClass().getName() + "." + context.targetMethod().getName();
    if (context.attributes().seed().isEmpty()) {
      context.attributes().setSeed(Long.toString(seedOf(name)));
    }
    EachOp eachOp = context.targetMethod().getAnnotation(EachOp.class);
    if (eachOp != null) {
      context.attributes().setTries(tries(eachOp));
    }
    PropertyExecutionResult result = property.execute();
    if (context.targetMethod().getParameterCount() > 0) {
      record(name, result.countTries());
    }
    return result;
  }

  /** {@code hindsight.test.cases} scales the usual number, 200, and others with it. */
  private static int tries(EachOp eachOp) {
    int ops = OpRegistry.ofOrder(eachOp.order()).size();
    return Math.ceilDiv(
        ops * eachOp.cases() * Integer.getInteger("hindsight.test.cases", 200), 200);
  }

  private static long seedOf(String name) {
    long seed = Long.getLong("hindsight.test.seed", 0L);
    // Spread 32 bits of name over 64: the multiplier is the golden ratio of 2^64.
    return seed ^ (name.hashCode() * 0x9E3779B97F4A7C15L);
  }

  /** Outside of a Maven run, in an editor say, there is no target folder to write to. */
  private static void record(String name, int tries) throws IOException {
    String target = System.getProperty("hindsight.module.target");
    if (target == null) {
      return;
    }
    Files.writeString(
        Path.of(target, "random-cases.tsv"),
        name + "\t" + tries + "\n",
        UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
