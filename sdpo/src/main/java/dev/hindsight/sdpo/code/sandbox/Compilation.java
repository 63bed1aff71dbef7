package dev.hindsight.sdpo.code.sandbox;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What became of a source. */
public sealed interface Compilation {
  /** It does not compile, or does what a solution may not. */
  record Failed(List<CompileError> errors) implements Compilation {
    public Failed {
      errors = List.copyOf(errors);
    }
  }

  /** It compiles and passed the allowlist: the class files by class name, in javac's order. */
  record Compiled(Map<String, byte[]> classes) implements Compilation {
    public Compiled {
      classes = Collections.unmodifiableMap(new LinkedHashMap<>(classes));
    }
  }
}
