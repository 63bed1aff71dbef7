package dev.hindsight.cli;

import dev.hindsight.sdpo.config.DidYouMean;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * A wrong command line gets one line with a did-you-mean and where to read more, not the manual.
 */
final class UsageErrors implements IParameterExceptionHandler {
  private static final Pattern NO_PATH =
      Pattern.compile(
          "cannot convert ('.*') to interface java\\.nio\\.file\\.Path .*", Pattern.DOTALL);
  private static final Pattern CHOICE =
      Pattern.compile(
          "(expected one of \\[.*]) \\(case-insensitive\\) but was ('.*')", Pattern.DOTALL);

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    String message = e.getMessage();
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String given = unmatched.getUnmatched().getFirst();
      List<String> known = new ArrayList<>();
      boolean option = given.startsWith("-");
      if (option) {
        known.addAll(command.getCommandSpec().optionsMap().keySet());
      } else {
        known.addAll(command.getSubcommands().keySet());
      }
      String what = option ? "option" : known.isEmpty() ? "argument" : "command";
      message = "unknown " + what + " '" + given + "'" + DidYouMean.hint(given, known);
    }
    err.println(
        "hindsight: "
            + (e instanceof MissingParameterException
                ? misspelt(command, args, message)
                : inWords(message)));
    err.println("See: ./" + command.getCommandSpec().qualifiedName(" ") + " --help");
    err.flush();
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  /** Says what was expected of a value without Java's names of types. */
  static String inWords(String message) {
    Matcher path = NO_PATH.matcher(message);
    if (path.find()) {
      return path.replaceFirst(
          "$1 has characters that file names cannot have in this locale; set LC_ALL=C.UTF-8");
    }
    Matcher choice = CHOICE.matcher(message);
    if (choice.find()) {
      return choice.replaceFirst(m -> m.group(1).toLowerCase(Locale.ROOT) + ", got " + m.group(2));
    }
    return message
        .replaceFirst("' is not an int$", "' is not a whole number of 32 bits")
        .replaceFirst("' is not a long$", "' is not a whole number of 64 bits")
        .replaceFirst("' is not a double$", "' is not a number");
  }

  /** A required option that is missing is most often there under a wrong name. */
  private static String misspelt(CommandLine command, String[] args, String message) {
    for (String arg : args) {
      String name = arg.split("=", 2)[0];
      if (name.startsWith("--") && !command.getCommandSpec().optionsMap().containsKey(name)) {
        String hint = DidYouMean.hint(name, command.getCommandSpec().optionsMap().keySet());
        return "unknown option '" + name + "'" + hint;
      }
    }
    return message;
  }
}
