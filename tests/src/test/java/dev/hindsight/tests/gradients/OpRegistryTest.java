package dev.hindsight.tests.gradients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.autograd.Op;
import dev.hindsight.autograd.Variable;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Guards the registry: an op that is not in it would have no gradient test, and nobody would know.
 */
class OpRegistryTest {
  /** Nodes of the graph that are no ops of their own. */
  private static final Map<String, String> NO_OPS =
      Map.of("firstOrderOnly", "only refuses: GraphTest.fusedAttentionNamesItsSecondOrderTwin");

  /** Methods of Variable that make variables without an op. */
  private static final Set<String> NO_OP_METHODS = Set.of("constant", "leaf", "detach");

  @Test
  void everyOpClassIsRegistered() throws Exception {
    Set<String> classes = new TreeSet<>();
    for (Class<?> c : classesBeside(Op.class)) {
      if (Op.class.isAssignableFrom(c) && !Modifier.isAbstract(c.getModifiers())) {
        classes.add(lowerCamel(c.getSimpleName()));
      }
    }
    assertThat(classes).hasSizeGreaterThan(40);
    assertThat(missing(classes, NO_OPS.keySet()))
        .as("op classes without an entry in gradcheck's OpRegistry")
        .isEmpty();
  }

  @Test
  void everyMethodOfVariableIsRegistered() {
    Set<String> methods = new TreeSet<>();
    for (Method m : Variable.class.getDeclaredMethods()) {
      if (holdsVariables(m.getReturnType())
          && Modifier.isPublic(m.getModifiers())
          && !m.isSynthetic()) {
        methods.add(m.getName());
      }
    }
    assertThat(methods).hasSizeGreaterThan(40);
    assertThat(missing(methods, NO_OP_METHODS))
        .as("methods of Variable without an entry in gradcheck's OpRegistry")
        .isEmpty();
  }

  /** Variables, several of them, or a record of Variable's own with some. */
  private static boolean holdsVariables(Class<?> type) {
    return type == Variable.class
        || type == Variable[].class
        || type.isRecord() && type.getDeclaringClass() == Variable.class;
  }

  /** The check itself: it must find an op that is not there, by name. */
  @Test
  void aMissingOpIsFoundByName() {
    assertThat(missing(Set.of("softmax", "fourierTransform"), Set.of()))
        .containsExactly("fourierTransform");
  }

  @Test
  void everyOpHasATwin() {
    List<String> without = new ArrayList<>();
    for (OpSpec spec : OpRegistry.all()) {
      OpCase sample = spec.cases().sample();
      if (sample.twin() == null) {
        without.add(spec.name());
      }
    }
    assertThat(without).isEmpty();
  }

  private static Set<String> missing(Set<String> names, Set<String> exempt) {
    Set<String> missing = new TreeSet<>(names);
    OpRegistry.all().forEach(spec -> missing.remove(spec.name()));
    missing.removeAll(exempt);
    return missing;
  }

  private static String lowerCamel(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  /** The top-level classes of a package, from its folder or its jar. */
  private static List<Class<?>> classesBeside(Class<?> member)
      throws IOException, URISyntaxException, ClassNotFoundException {
    Path source = Path.of(member.getProtectionDomain().getCodeSource().getLocation().toURI());
    String folder = member.getPackageName().replace('.', '/');
    if (Files.isDirectory(source)) {
      return load(source.resolve(folder), member.getPackageName());
    }
    URI jar = URI.create("jar:" + source.toUri());
    try (FileSystem files = FileSystems.newFileSystem(jar, Map.of())) {
      return load(files.getPath(folder), member.getPackageName());
    }
  }

  private static List<Class<?>> load(Path folder, String packageName)
      throws IOException, ClassNotFoundException {
    List<Class<?>> classes = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".class") && !name.contains("$") && !name.contains("-info")) {
          String simple = name.substring(0, name.length() - ".class".length());
          classes.add(Class.forName(packageName + "." + simple));
        }
      }
    }
    return classes;
  }
}
