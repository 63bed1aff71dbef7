package dev.hindsight.sdpo.code;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns the Python starter code of published problems into Java: {@code def f(self, a: List[int])
 * -> str:} becomes {@code public String f(int[] a)}. Lists become arrays; a solution may declare
 * {@code List} instead, as arguments follow its own signature.
 */
final class PythonSignature {
  private PythonSignature() {}

  /**
   * A class {@code Solution} with the method in Java.
   *
   * @throws IllegalArgumentException when the method is not there, or a type has no counterpart
   */
  static String toJava(String python, String function) {
    Matcher def =
        Pattern.compile(
                "def\\s+"
                    + Pattern.quote(function)
                    + "\\s*\\(\\s*self\\s*,?(.*?)\\)\\s*->\\s*([^:]+?)\\s*:",
                Pattern.DOTALL)
            .matcher(python);
    if (!def.find()) {
      throw new IllegalArgumentException(
          "expected `def " + function + "(self, ...) -> type:` with the types of all parameters");
    }
    List<String> parameters = new ArrayList<>();
    for (String parameter : split(def.group(1))) {
      String[] parts = parameter.split(":", 2);
      if (parts.length < 2) {
        throw new IllegalArgumentException("parameter " + parameter + " has no type");
      }
      parameters.add(type(parts[1]) + " " + parts[0].strip());
    }
    return "class Solution {\n  public "
        + type(def.group(2))
        + " "
        + function
        + "("
        + String.join(", ", parameters)
        + ") {\n  }\n}";
  }

  /** At the commas that stand in no brackets. */
  private static List<String> split(String list) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int from = 0;
    for (int i = 0; i <= list.length(); i++) {
      char c = i < list.length() ? list.charAt(i) : ',';
      if (c == ',' && depth == 0) {
        parts.add(list.substring(from, i).strip());
        from = i + 1;
      }
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    }
    parts.removeIf(String::isEmpty);
    return parts;
  }

  private static String type(String python) {
    String type = python.strip();
    Matcher generic = Pattern.compile("(\\w+)\\[(.*)]", Pattern.DOTALL).matcher(type);
    if (generic.matches()) {
      return switch (generic.group(1)) {
        case "List", "list" -> type(generic.group(2)) + "[]";
        case "Optional" -> boxed(type(generic.group(2)));
        default -> throw noCounterpart(type);
      };
    }
    return switch (type) {
      case "int" -> "int";
      case "float" -> "double";
      case "bool" -> "boolean";
      case "str" -> "String";
      default -> throw noCounterpart(type);
    };
  }

  private static String boxed(String java) {
    return switch (java) {
      case "int" -> "Integer";
      case "double" -> "Double";
      case "boolean" -> "Boolean";
      default -> java;
    };
  }

  private static IllegalArgumentException noCounterpart(String type) {
    return new IllegalArgumentException(
        "type " + type + "; expected int, float, bool, str, List and Optional of those");
  }
}
