package dev.hindsight.sdpo.dialect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A hidden convention for calls: {@code name open argument (separator argument)* close
 * [terminator]}.
 *
 * @param bracket around the arguments
 * @param separator between two arguments
 * @param terminator after the closing bracket, or none
 * @param order which way round the arguments go
 * @param names the name of each operation, by the operation's ordinal; all different, each from
 *     {@link Names#all}
 */
public record Dialect(
    Bracket bracket,
    Separator separator,
    Terminator terminator,
    ArgumentOrder order,
    List<String> names) {

  public Dialect {
    names = List.copyOf(names);
    int operations = Operation.values().length;
    if (names.size() != operations) {
      throw new IllegalArgumentException(
          "Dialect: "
              + names.size()
              + " names, expected one for each of the "
              + operations
              + " operations");
    }
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!Names.contains(name)) {
        throw new IllegalArgumentException(
            "Dialect: name '"
                + name
                + "' is not in the vocabulary, expected one of "
                + Names.all());
      }
      if (!seen.add(name)) {
        throw new IllegalArgumentException(
            "Dialect: name '"
                + name
                + "' stands for two operations, expected a name of its own for each");
      }
    }
  }

  /**
   * A dialect written out by hand, as configuration files do.
   *
   * @param bracket the opening bracket: {@code (}, {@code [}, <code>{</code> or {@code <}
   * @param separator {@code ,} {@code ;} {@code |} or {@code /}
   * @param terminator {@code none}, {@code .} or {@code !}
   * @param order {@code as-asked} or {@code reversed}
   * @param names names by operation word, such as {@code max: lab}; an operation that is left out
   *     keeps its own word
   * @throws IllegalArgumentException that says which value is wrong and what is possible
   */
  public static Dialect of(
      String bracket,
      String separator,
      String terminator,
      String order,
      Map<String, String> names) {
    String[] chosen = Arrays.stream(Operation.values()).map(Operation::word).toArray(String[]::new);
    names.forEach((word, name) -> chosen[Operation.ofWord(word).ordinal()] = name);
    return new Dialect(
        choose("bracket", bracket, Bracket.values(), Bracket::open),
        choose("separator", separator, Separator.values(), Separator::symbol),
        choose(
            "terminator",
            terminator,
            Terminator.values(),
            t -> t == Terminator.NONE ? "none" : t.symbol()),
        choose(
            "order",
            order,
            ArgumentOrder.values(),
            o -> o == ArgumentOrder.AS_ASKED ? "as-asked" : "reversed"),
        Arrays.asList(chosen));
  }

  private static <T> T choose(
      String what, String written, T[] values, Function<T, String> spelling) {
    List<String> possible = new ArrayList<>();
    for (T value : values) {
      String spelled = spelling.apply(value);
      if (spelled.equals(written)) {
        return value;
      }
      possible.add("'" + spelled + "'");
    }
    throw new IllegalArgumentException(
        "Dialect: "
            + what
            + " '"
            + written
            + "' does not exist, expected "
            + String.join(" or ", possible));
  }

  public String name(Operation operation) {
    return names.get(operation.ordinal());
  }

  /** The operation that a name stands for here, if any. */
  public Optional<Operation> operation(String name) {
    int index = names.indexOf(name);
    return index < 0 ? Optional.empty() : Optional.of(Operation.values()[index]);
  }

  /** The tokens of the right answer to a question, without the end-of-sequence token. */
  public List<String> answer(DialectQuestion question) {
    return call(name(question.operation()), order.arrange(question.digits()));
  }

  /** The tokens of a call with this dialect's punctuation, arguments as given. */
  List<String> call(String name, int... arguments) {
    return call(bracket, separator, terminator, name, arguments);
  }

  /** The tokens of a call; the list can be changed. */
  static List<String> call(
      Bracket bracket, Separator separator, Terminator terminator, String name, int... arguments) {
    List<String> tokens = new ArrayList<>(2 * arguments.length + 3);
    tokens.add(name);
    tokens.add(bracket.open());
    for (int i = 0; i < arguments.length; i++) {
      if (i > 0) {
        tokens.add(separator.symbol());
      }
      tokens.add(Integer.toString(arguments[i]));
    }
    tokens.add(bracket.close());
    if (terminator != Terminator.NONE) {
      tokens.add(terminator.symbol());
    }
    return tokens;
  }
}
