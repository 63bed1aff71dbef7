package dev.hindsight.gradcheck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Gives a property over {@link OpRegistry#inTurn} as many tries as make {@link #cases} of every op.
 * {@code ./hindsight test -Dtest.cases=N} makes N in place of 200, and others in proportion.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface EachOp {
  /** Ops that can be differentiated so often, as {@link OpRegistry#inTurn} was told. */
  int order() default 0;

  /** Random cases of each. */
  int cases() default 200;
}
