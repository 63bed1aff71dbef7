package dev.hindsight.cli;

import java.io.PrintWriter;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;

/** The {@code hindsight} command: what each word after it does is a class of its own. */
@Command(
    name = "hindsight",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Reinforcement learning by self-distillation on a tensor engine in Java.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      QuickstartCommand.class,
      TrainCommand.class,
      SweepCommand.class,
      DiscoverCommand.class,
      ExperimentCommand.class,
      EvaluateCommand.class,
      PretrainCommand.class,
      GenerateCommand.class,
      LogitsCommand.class,
      ReportCommand.class,
      InspectCommand.class,
      DevicesCommand.class,
      SelftestCommand.class,
      GenerateCompletion.class,
      HelpCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success",
      "1:failure; the message says why and what to do",
      "2:wrong usage",
      "130:interrupted with Ctrl-C; the state is saved"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  ./hindsight quickstart           SDPO beside GRPO, a minute or two",
      "  ./hindsight generate --model models/dialect-48x2 --prompt \"max 4 9 2\"",
      "  ./hindsight COMMAND --help       options and examples of a command",
      "  ./hindsight test                 builds everything and runs every test",
      "  ./hindsight bench --help         measures kernels and models, alone or beside other libraries",
      "  source <(./hindsight generate-completion)   completion for bash and zsh"
    })
public final class Main implements Runnable {
  /** Ctrl-C: 128 and the number of SIGINT, as shells have it. */
  static final int INTERRUPTED = 130;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) {
    int code = commandLine().execute(args);
    // print streams swallow errors: without this a result lost on a full disk would pass for
    // success
    if (System.out.checkError() && code == CommandLine.ExitCode.OK) {
      System.err.println(
          "hindsight: not everything could be written to standard output: its disk is full, or what"
              + " read it has ended");
      code = CommandLine.ExitCode.SOFTWARE;
    }
    System.exit(code);
  }

  /**
   * Runs a command inside this process.
   *
   * @return the exit code
   */
  public static int execute(PrintWriter out, PrintWriter err, String... args) {
    return commandLine().setOut(out).setErr(err).execute(args);
  }

  private static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setExecutionExceptionHandler(new Failures())
        .setParameterExceptionHandler(new UsageErrors());
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Which command? ./hindsight --help lists them.");
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "hindsight " + (version == null ? "(not packaged)" : version),
        "JVM " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
      };
    }
  }
}
