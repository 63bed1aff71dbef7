package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command that computes takes. */
final class ComputeOptions {
  @Spec(Spec.Target.MIXEE)
  CommandSpec command;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "Which kernels compute: auto, vector, reference, opencl, tornado (default: auto)."
              + " ./hindsight devices lists them.")
  String backend;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "Which device of the backend, by its number or by a part of the device's, vendor's or"
              + " platform's name, such as NVIDIA, 4090, AMD, Intel, PoCL, Apple (default:"
              + " HINDSIGHT_DEVICE, else number 0). ./hindsight devices lists them.")
  @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads to use (default: HINDSIGHT_THREADS, else all processors). The result does not"
              + " depend on it.")
  @Nullable Integer threads;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random numbers (default: the configuration's, else 0).")
  @Nullable Long seed;

  private @Nullable Backend opened;

  /**
   * Sets the threads and opens the backend.
   *
   * @throws ParameterException when the backend has no such device
   */
  Backend open() {
    if (threads != null) {
      Threads.set(threads);
    }
    opened = device == null ? Backends.get(backend) : onDevice(device);
    return opened;
  }

  private Backend onDevice(String device) {
    try {
      return Backends.get(backend, device);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), "--" + e.getMessage(), e);
    }
  }

  /** Says what the backend has to say at the end of a run. */
  void end(Screen screen) {
    if (opened != null) {
      opened.summary().forEach(screen::say);
    }
  }

  /** What to add to a command that goes on with a run, so that the same backend computes. */
  String again() {
    return (backend.equals("auto") ? "" : " --backend " + backend)
        + (device == null ? "" : " --device '" + device + "'");
  }

  long seedOr(long otherwise) {
    return seed == null ? otherwise : seed;
  }
}
