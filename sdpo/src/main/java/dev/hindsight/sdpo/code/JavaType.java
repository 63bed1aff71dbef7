package dev.hindsight.sdpo.code;

import java.lang.classfile.Signature;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A parameter's type, as far as JSON values can become it. */
sealed interface JavaType {
  /** The value for a parameter of this type; throws {@link MismatchException} where none fits. */
  @Nullable Object fromJson(JsonNode json) throws MismatchException;

  /** As Java writes it. */
  String name();

  /** The class of a variable of this type. */
  Class<?> type();

  /** A JSON value that a type cannot hold. */
  final class MismatchException extends Exception {
    private static final long serialVersionUID = 1;

    MismatchException(JsonNode json, JavaType type) {
      super(shortened(json.toString()) + " is no " + type.name());
    }

    private MismatchException(String message, MismatchException cause) {
      super(message, cause);
    }

    /** The same with its place. */
    MismatchException at(String place) {
      return new MismatchException(place + ": " + getMessage(), this);
    }

    private static String shortened(String text) {
      return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }
  }

  /** A primitive or its box, or a string. */
  record Scalar(Class<?> type, boolean nullable) implements JavaType {
    @Override
    public String name() {
      return type.getSimpleName();
    }

    @Override
    public @Nullable Object fromJson(JsonNode json) throws MismatchException {
      if (json.isNull() && nullable) {
        return null;
      }
      Object value = value(json);
      if (value == null) {
        throw new MismatchException(json, this);
      }
      return value;
    }

    private @Nullable Object value(JsonNode json) {
      if (type == String.class) {
        return json.isString() ? json.stringValue() : null;
      }
      if (type == char.class || type == Character.class) {
        boolean one = json.isString() && json.stringValue().length() == 1;
        return one ? json.stringValue().charAt(0) : null;
      }
      if (type == boolean.class || type == Boolean.class) {
        return json.isBoolean() ? json.booleanValue() : null;
      }
      if (type == double.class || type == Double.class) {
        return json.isNumber() ? json.doubleValue() : null;
      }
      if (type == float.class || type == Float.class) {
        return json.isNumber() ? (float) json.doubleValue() : null;
      }
      if (!json.isIntegralNumber() || !json.canConvertToLong()) {
        return null;
      }
      long whole = json.longValue();
      if (type == long.class || type == Long.class) {
        return whole;
      }
      if (type == short.class || type == Short.class) {
        return whole == (short) whole ? (short) whole : null;
      }
      if (type == byte.class || type == Byte.class) {
        return whole == (byte) whole ? (byte) whole : null;
      }
      return whole == (int) whole ? (int) whole : null;
    }
  }

  /** An array. */
  record Arrays(JavaType element) implements JavaType {
    @Override
    public String name() {
      return element.name() + "[]";
    }

    @Override
    public Class<?> type() {
      return element.type().arrayType();
    }

    @Override
    public @Nullable Object fromJson(JsonNode json) throws MismatchException {
      if (json.isNull()) {
        return null;
      }
      if (!json.isArray()) {
        throw new MismatchException(json, this);
      }
      Object array = Array.newInstance(element.type(), json.size());
      for (int i = 0; i < json.size(); i++) {
        Array.set(array, i, element.fromJson(json.get(i)));
      }
      return array;
    }
  }

  /** A list, which the solution may change. */
  record Lists(JavaType element) implements JavaType {
    @Override
    public String name() {
      return "List<" + element.name() + ">";
    }

    @Override
    public Class<?> type() {
      return List.class;
    }

    @Override
    public @Nullable Object fromJson(JsonNode json) throws MismatchException {
      if (json.isNull()) {
        return null;
      }
      if (!json.isArray()) {
        throw new MismatchException(json, this);
      }
      List<Object> list = new ArrayList<>();
      for (JsonNode element : json) {
        list.add(this.element.fromJson(element));
      }
      return list;
    }
  }

  /** {@code Object}, a type variable, a wildcard: what JSON itself says. */
  record Any() implements JavaType {
    private static final JavaType LIST = new Lists(new Any());

    @Override
    public String name() {
      return "Object";
    }

    @Override
    public Class<?> type() {
      return Object.class;
    }

    @Override
    public @Nullable Object fromJson(JsonNode json) throws MismatchException {
      if (json.isNull()) {
        return null;
      }
      if (json.isArray()) {
        return LIST.fromJson(json);
      }
      if (json.isBoolean()) {
        return json.booleanValue();
      }
      if (json.isString()) {
        return json.stringValue();
      }
      if (json.isIntegralNumber() && json.canConvertToInt()) {
        return json.intValue();
      }
      if (json.isIntegralNumber() && json.canConvertToLong()) {
        return json.longValue();
      }
      if (json.isNumber()) {
        return json.doubleValue();
      }
      throw new MismatchException(json, this);
    }
  }

  /**
   * The type of a signature in a class file.
   *
   * @throws IllegalArgumentException when no JSON value could become it; the message names it
   */
  static JavaType of(Signature signature) {
    return switch (signature) {
      case Signature.BaseTypeSig base -> new Scalar(primitive(base.baseType()), false);
      case Signature.ArrayTypeSig array -> new Arrays(of(array.componentSignature()));
      case Signature.TypeVarSig _ -> new Any();
      case Signature.ClassTypeSig type -> ofClass(type);
    };
  }

  private static JavaType ofClass(Signature.ClassTypeSig type) {
    String name = type.className();
    return switch (name) {
      case "java/lang/String" -> new Scalar(String.class, true);
      case "java/lang/Integer" -> new Scalar(Integer.class, true);
      case "java/lang/Long" -> new Scalar(Long.class, true);
      case "java/lang/Double" -> new Scalar(Double.class, true);
      case "java/lang/Float" -> new Scalar(Float.class, true);
      case "java/lang/Short" -> new Scalar(Short.class, true);
      case "java/lang/Byte" -> new Scalar(Byte.class, true);
      case "java/lang/Boolean" -> new Scalar(Boolean.class, true);
      case "java/lang/Character" -> new Scalar(Character.class, true);
      case "java/lang/Object" -> new Any();
      case "java/util/List", "java/util/Collection", "java/lang/Iterable", "java/util/ArrayList" ->
          new Lists(elementOf(type));
      default -> throw new IllegalArgumentException(name.replace('/', '.').replace('$', '.'));
    };
  }

  private static JavaType elementOf(Signature.ClassTypeSig list) {
    if (list.typeArgs().isEmpty()) {
      return new Any();
    }
    return switch (list.typeArgs().getFirst()) {
      case Signature.TypeArg.Bounded bounded -> of(bounded.boundType());
      case Signature.TypeArg.Unbounded _ -> new Any();
    };
  }

  private static Class<?> primitive(char descriptor) {
    return switch (descriptor) {
      case 'Z' -> boolean.class;
      case 'B' -> byte.class;
      case 'S' -> short.class;
      case 'C' -> char.class;
      case 'I' -> int.class;
      case 'J' -> long.class;
      case 'F' -> float.class;
      case 'D' -> double.class;
      default -> throw new IllegalArgumentException("type " + descriptor);
    };
  }
}
