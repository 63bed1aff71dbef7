package dev.hindsight.benchmarks.peers;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;

import dev.hindsight.benchmarks.Case;
import dev.hindsight.benchmarks.Contender;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.jspecify.annotations.Nullable;

/** OpenBLAS: matrix products. */
public final class OpenBlas implements Contender {
  @Override
  public String name() {
    return "openblas";
  }

  @Override
  public String description() {
    return text("openblas_get_config") + ", kernels " + text("openblas_get_corename");
  }

  /** What a function without arguments says; the presets do not bind these two. */
  private static String text(String function) {
    Loader.load(openblas_nolapack.class);
    MethodHandle call =
        Linker.nativeLinker()
            .downcallHandle(
                SymbolLookup.loaderLookup().findOrThrow(function),
                FunctionDescriptor.of(ValueLayout.ADDRESS));
    try {
      MemorySegment text = (MemorySegment) call.invokeExact();
      return text.reinterpret(1024).getString(0);
    } catch (Throwable t) {
      throw new IllegalStateException("OpenBLAS: " + function, t);
    }
  }

  @Override
  public @Nullable Runnable prepare(Case work) {
    if (!(work instanceof Case.Sgemm s)) {
      return null;
    }
    Operands o = Operands.of(s);
    int ta = s.transposeA() ? CblasTrans : CblasNoTrans;
    int tb = s.transposeB() ? CblasTrans : CblasNoTrans;
    long strideA = (long) s.m() * s.k();
    long strideB = (long) s.k() * s.n();
    long strideC = (long) s.m() * s.n();
    if (s.m() == 1 && s.batch() == 1) {
      // its product of matrices does not look for a vector: 30 times slower than this
      int stored = s.transposeB() ? s.n() : s.k();
      int t = s.transposeB() ? CblasNoTrans : CblasTrans;
      return () ->
          openblas_nolapack.cblas_sgemv(
              CblasRowMajor, t, stored, o.ldb(), 1, o.b(), o.ldb(), o.a(), 1, 0, o.c(), 1);
    }
    FloatPointer[] a = new FloatPointer[s.batch()];
    FloatPointer[] b = new FloatPointer[s.batch()];
    FloatPointer[] c = new FloatPointer[s.batch()];
    for (int i = 0; i < s.batch(); i++) {
      a[i] = new FloatPointer(o.a().getPointer(i * strideA));
      b[i] = new FloatPointer(o.b().getPointer(i * strideB));
      c[i] = new FloatPointer(o.c().getPointer(i * strideC));
    }
    return () -> {
      for (int i = 0; i < s.batch(); i++) {
        openblas_nolapack.cblas_sgemm(
            CblasRowMajor,
            ta,
            tb,
            s.m(),
            s.n(),
            s.k(),
            1,
            a[i],
            o.lda(),
            b[i],
            o.ldb(),
            0,
            c[i],
            o.ldc());
      }
    };
  }
}
