package dev.hindsight.benchmarks.peers;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.hindsight.benchmarks.Case;
import dev.hindsight.benchmarks.Contender;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/** oneDNN: matrix products. Its library is called as it is. */
public final class OneDnn implements Contender {
  private static final String[] LIBRARIES = {"libgomp.so.1", "libdnnl.so.3"};

  private @Nullable SymbolLookup library;

  @Override
  public String name() {
    return "onednn";
  }

  @Override
  public String description() {
    MethodHandle version = function("dnnl_version", FunctionDescriptor.of(ADDRESS));
    MethodHandle isa = function("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT));
    try {
      MemorySegment v = ((MemorySegment) version.invokeExact()).reinterpret(12);
      return String.format(
          "oneDNN %d.%d.%d, instruction set 0x%x",
          v.get(JAVA_INT, 0), v.get(JAVA_INT, 4), v.get(JAVA_INT, 8), (int) isa.invokeExact());
    } catch (Throwable t) {
      throw new IllegalStateException("oneDNN: version", t);
    }
  }

  @Override
  public @Nullable Runnable prepare(Case work) {
    if (!(work instanceof Case.Sgemm s)) {
      return null;
    }
    MethodHandle sgemm =
        function(
            "dnnl_sgemm",
            FunctionDescriptor.of(
                JAVA_INT,
                JAVA_BYTE,
                JAVA_BYTE,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_LONG,
                ADDRESS,
                JAVA_LONG,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_LONG));
    Operands o = Operands.of(s);
    byte ta = (byte) (s.transposeA() ? 'T' : 'N');
    byte tb = (byte) (s.transposeB() ? 'T' : 'N');
    long m = s.m();
    long n = s.n();
    long k = s.k();
    long lda = o.lda();
    long ldb = o.ldb();
    long ldc = o.ldc();
    MemorySegment[] a = new MemorySegment[s.batch()];
    MemorySegment[] b = new MemorySegment[s.batch()];
    MemorySegment[] c = new MemorySegment[s.batch()];
    for (int i = 0; i < s.batch(); i++) {
      a[i] = at(o.a(), i * m * k);
      b[i] = at(o.b(), i * k * n);
      c[i] = at(o.c(), i * m * n);
    }
    return () -> {
      try {
        for (int i = 0; i < a.length; i++) {
          int status =
              (int) sgemm.invokeExact(ta, tb, m, n, k, 1f, a[i], lda, b[i], ldb, 0f, c[i], ldc);
          if (status != 0) {
            throw new IllegalStateException("oneDNN: sgemm gave status " + status);
          }
        }
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable t) {
        throw new IllegalStateException("oneDNN: sgemm", t);
      }
    };
  }

  private static MemorySegment at(FloatPointer p, long element) {
    return MemorySegment.ofAddress(p.address() + 4 * element);
  }

  private MethodHandle function(String name, FunctionDescriptor type) {
    SymbolLookup lookup = library;
    if (lookup == null) {
      lookup = load();
      library = lookup;
    }
    return Linker.nativeLinker().downcallHandle(lookup.findOrThrow(name), type);
  }

  /** Unpacks the library beside the one it needs. */
  private static SymbolLookup load() {
    File last = null;
    for (String name : LIBRARIES) {
      String resource = "/org/bytedeco/dnnl/" + Loader.getPlatform() + "/" + name;
      URL url = OneDnn.class.getResource(resource);
      if (url == null) {
        throw new IllegalStateException("oneDNN: no " + resource + " on the class path");
      }
      try {
        last = Loader.cacheResource(url);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return SymbolLookup.libraryLookup(last.toPath(), Arena.global());
  }
}
