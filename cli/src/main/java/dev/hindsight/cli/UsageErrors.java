package dev.hindsight.cli;

import dev.hindsight.sdpo.config.DidYouMean;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * A wrong command line gets one line with a did-you-mean and where to read more, not the manual.
 */
final class UsageErrors implements IParameterExceptionHandler {
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
                : message));
    err.println("See: ./" + command.getCommandSpec().qualifiedName(" ") + " --help");
    err.flush();
    return command.getCommandSpec().exitCodeOnInvalidInput();
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
