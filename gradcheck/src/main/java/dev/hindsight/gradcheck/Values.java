package dev.hindsight.gradcheck;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The {@link Domain} of a {@code @ForAll TensorSample}, and the ranks that it may have; without it,
 * {@link Domain#REAL} and ranks 0 to 4.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PARAMETER, ElementType.TYPE_USE})
public @interface Values {
  /** Smallest value, a multiple of 1/4. */
  double from() default -3;

  /** Values stay below this, a multiple of 1/4. */
  double to() default 3;

  /** Whether values keep a distance from every multiple of 1/512. */
  boolean awayFromKinks() default false;

  /** Whether no two elements are equal. */
  boolean distinct() default false;

  /** Whether most values are special floats, such as NaN, in place of those of the domain. */
  boolean special() default false;

  /** Smallest rank. */
  int minRank() default 0;

  /** Largest rank. */
  int maxRank() default 4;

  /** Whether extents may be 0. */
  boolean emptyAllowed() default true;
}
