package dev.hindsight.sdpo.code.sandbox;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.ConstantDynamicEntry;
import java.lang.classfile.constantpool.DynamicConstantPoolEntry;
import java.lang.classfile.constantpool.InvokeDynamicEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.MethodHandleEntry;
import java.lang.classfile.constantpool.MethodTypeEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Holds class files against the {@link Allowlist}, before anything is loaded.
 *
 * <p>What counts is the constant pool: whatever a class file can reach by name stands there, in
 * code, in method references, in arguments of bootstrap methods. Instructions are read on top, to
 * say the line and to keep bootstrap methods from being called directly.
 */
final class ClassFileCheck {
  private static final Pattern CLASS_IN_DESCRIPTOR = Pattern.compile("L([^;]+);");

  /**
   * Refused methods of classes that may be extended: an interface of the solution that declares one
   * would reach the JDK's through a class that has both above it.
   */
  private static final Set<String> HIDDEN =
      Set.of("parallel", "parallelStream", "parallelMultiply");

  private final Allowlist allowlist;
  private final Map<String, ClassModel> own = new LinkedHashMap<>();

  /** What is refused, with the first line that does it where one is known. */
  private final Map<String, Integer> refused = new LinkedHashMap<>();

  ClassFileCheck(Allowlist allowlist, Map<String, byte[]> classes) {
    this.allowlist = allowlist;
    if (allowlist.allowsEverything()) {
      return;
    }
    classes.forEach((name, bytes) -> own.put(name.replace('.', '/'), parse(name, bytes)));
    own.forEach(this::check);
  }

  private static ClassModel parse(String name, byte[] bytes) {
    try {
      return ClassFile.of().parse(bytes);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException("sandbox: javac's class file of " + name + " is damaged", e);
    }
  }

  /** What solutions may not do and this one does, in the order of its classes. */
  List<CompileError> refusals() {
    List<CompileError> errors = new ArrayList<>();
    refused.forEach((what, line) -> errors.add(new CompileError(line, what)));
    return errors;
  }

  private void refuse(String what, int line) {
    refused.merge(what, line, (a, b) -> a == 0 ? b : a);
  }

  private void refuseUse(String what, int line) {
    refuse(what + " may not be used in a solution", line);
  }

  // ------------------------------------------------------------------ classes

  private void check(String name, ClassModel type) {
    if (name.indexOf('/') >= 0 || name.equals("module-info")) {
      refuse("put the code into no package and no module: leave out the declaration", 0);
    }
    type.superclass().ifPresent(parent -> checkParent(parent.asInternalName()));
    type.interfaces().forEach(parent -> checkParent(parent.asInternalName()));
    Map<String, Integer> lines = new HashMap<>();
    for (MethodModel method : type.methods()) {
      String called = method.methodName().stringValue();
      if (called.equals("finalize") && method.methodType().equalsString("()V")) {
        refuse("finalize() may not be declared in a solution", 0);
      }
      if (HIDDEN.contains(called)) {
        refuse("a method of a solution may not be called " + called, 0);
      }
      if (method.flags().has(AccessFlag.NATIVE)) {
        refuse("native methods may not be declared in a solution", 0);
      }
      method.code().ifPresent(code -> readCode(code, lines));
    }
    for (PoolEntry entry : type.constantPool()) {
      check(entry, lines);
    }
  }

  private void checkParent(String parent) {
    if (!own.containsKey(parent) && !allowlist.allowsSubclass(parent)) {
      refuse(dotted(parent) + " may not be extended or implemented in a solution", 0);
    }
  }

  // ------------------------------------------------------------- instructions

  /** Notes on which line each entry is first used, and refuses what no entry alone shows. */
  private void readCode(Iterable<CodeElement> code, Map<String, Integer> lines) {
    int line = 0;
    for (CodeElement element : code) {
      switch (element) {
        case LineNumber number -> line = number.line();
        case InvokeInstruction call -> {
          lines.putIfAbsent(key(call.method()), line);
          String owner = call.owner().asInternalName();
          if (allowlist.isNamedByJavac(owner)) {
            refuseUse(dotted(owner) + "." + call.name().stringValue(), line);
          }
        }
        case FieldInstruction access -> lines.putIfAbsent(key(access.field()), line);
        case NewObjectInstruction create ->
            lines.putIfAbsent(create.className().asInternalName(), line);
        case InvokeDynamicInstruction dynamic -> {
          for (var argument : dynamic.invokedynamic().bootstrap().arguments()) {
            if (argument instanceof MethodHandleEntry handle) {
              lines.putIfAbsent(key(handle.reference()), line);
            }
          }
        }
        case ConstantInstruction.LoadConstantInstruction load -> {
          var entry = load.constantEntry();
          if (entry instanceof MethodHandleEntry
              || entry instanceof MethodTypeEntry
              || entry instanceof ConstantDynamicEntry) {
            refuse("constants that are method handles may not be used in a solution", line);
          }
        }
        default -> {}
      }
    }
  }

  private static String key(MemberRefEntry member) {
    return member.owner().asInternalName()
        + "."
        + member.name().stringValue()
        + member.type().stringValue();
  }

  // ------------------------------------------------------------ constant pool

  private void check(PoolEntry entry, Map<String, Integer> lines) {
    switch (entry) {
      case ClassEntry type -> {
        String name = elementOf(type.asInternalName());
        if (!mayBeNamed(name)) {
          refuseUse(dotted(name), lines.getOrDefault(name, 0));
        }
      }
      case MemberRefEntry member -> checkMember(member, lines.getOrDefault(key(member), 0));
      case InvokeDynamicEntry dynamic -> checkBootstrap(dynamic);
      case ConstantDynamicEntry dynamic -> checkBootstrap(dynamic);
      default -> {}
    }
  }

  private void checkBootstrap(DynamicConstantPoolEntry dynamic) {
    MemberRefEntry method = dynamic.bootstrap().bootstrapMethod().reference();
    String owner = method.owner().asInternalName();
    String name = method.name().stringValue();
    if (!allowlist.allowsBootstrap(owner, name)) {
      refuseUse("invokedynamic by " + dotted(owner) + "." + name, 0);
    }
  }

  private void checkMember(MemberRefEntry member, int line) {
    String owner = member.owner().asInternalName();
    String name = member.name().stringValue();
    String descriptor = member.type().stringValue();
    if (owner.startsWith("[")) {
      if (!name.equals("clone")) {
        refuseUse(name + " of an array", line);
      }
      return;
    }
    if (allowlist.allowsBootstrap(owner, name)) {
      return; // what calls it directly is refused with the instructions
    }
    if (own.containsKey(owner)) {
      checkInherited(owner, name, descriptor, line);
      return;
    }
    if (!allowlist.allowsMember(owner, name, descriptor)) {
      refuseUse(dotted(owner) + (name.equals("<init>") ? "'s constructor" : "." + name), line);
      return;
    }
    Matcher types = CLASS_IN_DESCRIPTOR.matcher(descriptor);
    while (types.find()) {
      if (!mayBeNamed(types.group(1))) {
        refuseUse(dotted(types.group(1)), line);
      }
    }
  }

  /** A member of the solution's own class may be one that this inherits from the JDK. */
  private void checkInherited(String owner, String name, String descriptor, int line) {
    if (name.equals("<init>")) {
      return; // constructors are not inherited; the JDK's is named by super(...)
    }
    Set<String> foreign = new HashSet<>();
    if (declares(owner, name, descriptor, foreign, new HashSet<>())) {
      return;
    }
    for (String parent : foreign) {
      if (!allowlist.allowsMember(parent, name, descriptor)) {
        refuseUse(name + " of " + dotted(parent), line);
      }
    }
  }

  /** Whether a class or one above it declares a member; the JDK's classes above are collected. */
  private boolean declares(
      String type, String name, String descriptor, Set<String> foreign, Set<String> seen) {
    ClassModel model = own.get(type);
    if (model == null) {
      foreign.add(type);
      return false;
    }
    if (!seen.add(type)) {
      return false;
    }
    boolean here =
        model.methods().stream()
                .anyMatch(
                    m ->
                        m.methodName().equalsString(name)
                            && m.methodType().equalsString(descriptor))
            || model.fields().stream()
                .anyMatch(
                    f ->
                        f.fieldName().equalsString(name) && f.fieldType().equalsString(descriptor));
    if (here) {
      return true;
    }
    List<String> parents = new ArrayList<>();
    model.superclass().ifPresent(c -> parents.add(c.asInternalName()));
    model.interfaces().forEach(c -> parents.add(c.asInternalName()));
    boolean found = false;
    for (String parent : parents) {
      found |= declares(parent, name, descriptor, foreign, seen);
    }
    return found;
  }

  private boolean mayBeNamed(String type) {
    return type.isEmpty()
        || own.containsKey(type)
        || allowlist.allowsClass(type)
        || allowlist.isNamedByJavac(type);
  }

  /** The class in an array's name; nothing for arrays of primitives. */
  private static String elementOf(String type) {
    if (!type.startsWith("[")) {
      return type;
    }
    String element = type.substring(type.lastIndexOf('[') + 1);
    return element.startsWith("L") ? element.substring(1, element.length() - 1) : "";
  }

  private static String dotted(String internal) {
    return internal.replace('/', '.').replace('$', '.');
  }
}
