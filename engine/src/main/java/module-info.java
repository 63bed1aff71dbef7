/**
 * Shapes, storage, tensors and the backends that compute on them. Depends on nothing but the JDK.
 *
 * <p>{@code jdk.incubator.vector} is optional at run time: without it the fast CPU backend is not
 * available and the reference backend takes its place.
 */
module dev.hindsight.engine {
  requires static jdk.incubator.vector;
  requires jdk.management; // how much memory there is
  requires static transitive org.jspecify;

  exports dev.hindsight.engine;

  uses dev.hindsight.engine.Backends.Provider;

  provides dev.hindsight.engine.Backends.Provider with
      dev.hindsight.engine.reference.ReferenceProvider,
      dev.hindsight.engine.vector.VectorProvider;
}
