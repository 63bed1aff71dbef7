package dev.hindsight.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * What all commands share: where they print, and that running out of memory is told as an error.
 */
@Command(
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    footerHeading = "%nExamples:%n")
abstract class HindsightCommand implements Callable<Integer> {
  @Spec CommandSpec spec;
  @Mixin OutputOptions output;

  @Override
  public final Integer call() throws Exception {
    Screen screen = new Screen(spec.commandLine().getOut(), spec.commandLine().getErr(), output);
    try {
      return run(screen);
    } catch (OutOfMemoryError e) {
      return Failures.outOfMemory(e, spec.commandLine());
    } finally {
      screen.flush();
    }
  }

  /**
   * Does the work.
   *
   * @return the exit code
   */
  abstract int run(Screen screen) throws Exception;
}
