package dev.hindsight.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * What all commands share: where they print, and that whatever goes wrong is told as a message,
 * running out of memory included.
 */
@Command(
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    footerHeading = "%nExamples:%n")
abstract class BasicCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin OutputOptions output;

  @Override
  public final Integer call() throws Exception {
    Screen screen =
        new Screen(
            spec.commandLine().getOut(), spec.commandLine().getErr(), output.quiet, printsJson());
    try {
      int code = run(screen);
      for (CommandSpec mixin : spec.mixins().values()) {
        if (mixin.userObject() instanceof ComputeOptions compute) {
          compute.end(screen);
        }
      }
      return code;
    } catch (Error e) {
      return Failures.error(e, spec.commandLine());
    } finally {
      screen.flush();
    }
  }

  /** Whether the result is printed as JSON, and nothing else to standard output. */
  boolean printsJson() {
    return false;
  }

  /**
   * Does the work.
   *
   * @return the exit code
   */
  abstract int run(Screen screen) throws Exception;
}
