package dev.hindsight.sdpo.code;

import dev.hindsight.sdpo.code.sandbox.Program;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodSignature;
import java.lang.classfile.Signature;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where tests enter a solution, read from its class files: nothing is loaded to find out.
 *
 * @param program what the sandbox runs
 * @param parameters the types of a function's parameters; empty for a program
 */
record Entry(Program program, List<JavaType> parameters) {
  private static final String SOLUTION = "Solution";

  /** A solution that the tests cannot enter; the message is for who wrote it. */
  static final class NoEntryException extends Exception {
    private static final long serialVersionUID = 1;

    NoEntryException(String message) {
      super(message);
    }
  }

  /**
   * The method of {@code Solution} that a problem's tests call: of that name, not private, with so
   * many parameters. {@code Solution} needs a constructor without parameters unless it is static.
   */
  static Entry function(Map<String, byte[]> classes, String name, int arguments)
      throws NoEntryException {
    Map<String, ClassModel> models = models(classes);
    ClassModel solution = models.get(SOLUTION);
    if (solution == null) {
      throw new NoEntryException(
          "expected a class named Solution with a method " + name + ", found " + names(models));
    }
    List<MethodModel> named =
        solution.methods().stream()
            .filter(m -> m.methodName().equalsString(name) && isEntry(m))
            .toList();
    MethodModel method =
        named.stream()
            .filter(m -> m.methodTypeSymbol().parameterCount() == arguments)
            .findFirst()
            .orElseThrow(() -> new NoEntryException(noMethod(solution, named, name, arguments)));
    requireConstructor(solution, method);
    List<JavaType> parameters = new ArrayList<>();
    for (Signature parameter : signature(method).arguments()) {
      try {
        parameters.add(JavaType.of(parameter));
      } catch (IllegalArgumentException e) {
        throw new NoEntryException(
            "the tests cannot pass a "
                + e.getMessage()
                + " to Solution."
                + name
                + "; use numbers, boolean, char, String, and arrays and Lists of those");
      }
    }
    return new Entry(program(classes, true, SOLUTION, method), parameters);
  }

  /**
   * The {@code main} of a program: that of {@code Solution}, of {@code Main}, or of the only class
   * that has one; static or not, with or without {@code String[]}.
   */
  static Entry program(Map<String, byte[]> classes) throws NoEntryException {
    Map<String, ClassModel> models = models(classes);
    Map<String, MethodModel> mains = new LinkedHashMap<>();
    models.forEach((type, model) -> main(model).ifPresent(main -> mains.put(type, main)));
    String owner =
        Stream.of(SOLUTION, "Main")
            .filter(mains::containsKey)
            .findFirst()
            .orElse(mains.size() == 1 ? mains.keySet().iterator().next() : null);
    if (owner == null) {
      throw new NoEntryException(
          mains.isEmpty()
              ? "expected a class Solution with public static void main(String[] args), found "
                  + names(models)
                  + " without a main"
              : "several classes have a main: " + mains.keySet() + "; expected one in Solution");
    }
    MethodModel main = mains.get(owner);
    requireConstructor(models.get(owner), main);
    return new Entry(program(classes, false, owner, main), List.of());
  }

  private static Optional<MethodModel> main(ClassModel model) {
    for (String descriptor : List.of("([Ljava/lang/String;)V", "()V")) {
      for (MethodModel m : model.methods()) {
        if (m.methodName().equalsString("main")
            && m.methodType().equalsString(descriptor)
            && isEntry(m)) {
          return Optional.of(m);
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isEntry(MethodModel method) {
    return !method.flags().has(AccessFlag.PRIVATE)
        && !method.flags().has(AccessFlag.ABSTRACT)
        && !method.flags().has(AccessFlag.SYNTHETIC);
  }

  private static void requireConstructor(ClassModel owner, MethodModel method)
      throws NoEntryException {
    if (method.flags().has(AccessFlag.STATIC)) {
      return;
    }
    boolean plain =
        owner.methods().stream()
            .anyMatch(
                m -> m.methodName().equalsString("<init>") && m.methodType().equalsString("()V"));
    if (!plain || owner.flags().has(AccessFlag.ABSTRACT)) {
      throw new NoEntryException(
          "class "
              + owner.thisClass().asInternalName()
              + " cannot be created: expected a class that is not abstract, with a constructor"
              + " without parameters");
    }
  }

  private static String noMethod(
      ClassModel solution, List<MethodModel> named, String name, int arguments) {
    if (!named.isEmpty()) {
      return "the tests call Solution."
          + name
          + " with "
          + arguments
          + (arguments == 1 ? " argument" : " arguments")
          + "; it takes "
          + named.stream()
              .map(m -> String.valueOf(m.methodTypeSymbol().parameterCount()))
              .collect(Collectors.joining(" or "));
    }
    List<String> others =
        solution.methods().stream()
            .filter(Entry::isEntry)
            .map(m -> m.methodName().stringValue())
            .filter(n -> !n.startsWith("<"))
            .distinct()
            .toList();
    return "class Solution has no method "
        + name
        + (others.isEmpty() ? "" : ", only " + String.join(", ", others));
  }

  private static String names(Map<String, ClassModel> models) {
    return models.isEmpty()
        ? "no class"
        : "class "
            + models.keySet().stream()
                .filter(n -> n.indexOf('$') < 0)
                .limit(5)
                .collect(Collectors.joining(", "));
  }

  private static MethodSignature signature(MethodModel method) {
    return method
        .findAttribute(Attributes.signature())
        .map(a -> MethodSignature.parseFrom(a.signature().stringValue()))
        .orElseGet(() -> MethodSignature.of(method.methodTypeSymbol()));
  }

  private static Program program(
      Map<String, byte[]> classes, boolean function, String owner, MethodModel method) {
    return new Program(
        classes,
        function,
        owner,
        method.methodName().stringValue(),
        method.methodType().stringValue());
  }

  private static Map<String, ClassModel> models(Map<String, byte[]> classes) {
    Map<String, ClassModel> models = new LinkedHashMap<>();
    classes.forEach((name, bytes) -> models.put(name, ClassFile.of().parse(bytes)));
    return models;
  }
}
