package dev.hindsight.cli;

import dev.hindsight.sdpo.teacher.PromptTooLongException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Turns whatever ended a command into one clear message and exit code 1. */
final class Failures implements IExecutionExceptionHandler {
  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    report(e, command);
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static void report(Throwable e, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println("hindsight: " + message(e));
    boolean wanted =
        command.getParseResult() != null
            && command.getParseResult().originalArgs().contains("--stacktrace");
    if (wanted) {
      e.printStackTrace(err);
    } else if (!isExpected(e)) {
      err.println("This is a fault in Hindsight itself; --stacktrace shows where.");
    }
    err.flush();
  }

  /** Errors whose message was written for the person at the keyboard. */
  private static boolean isExpected(Throwable e) {
    return e instanceof Failure
        || e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof IllegalArgumentException
        || e instanceof IllegalStateException
        || e instanceof PromptTooLongException
        || e instanceof OutOfMemoryError;
  }

  /** The message for people; never empty, and never a Java class where words are to be had. */
  static String message(Throwable e) {
    return switch (e) {
      case UncheckedIOException u when u.getCause() != null -> message(u.getCause());
      case NoSuchFileException f -> f.getFile() + ": no such file or folder; check the path";
      case AccessDeniedException f ->
          f.getFile() + ": permission denied; choose another place or change its permissions";
      case FileAlreadyExistsException f -> f.getFile() + " exists already; choose another name";
      case FileSystemException f when f.getReason() != null -> disk(f.getFile(), f.getReason());
      case OutOfMemoryError o ->
          "out of memory ("
              + o.getMessage()
              + "); give the JVM more: HINDSIGHT_JAVA_OPTS=-Xmx"
              + twiceTheHeap()
              + "g ./hindsight ..., or ask for less at once: a smaller batch, shorter responses";
      default -> {
        String text = e.getMessage();
        if (text == null || text.isBlank()) {
          text = e.getClass().getSimpleName();
        }
        yield isExpected(e) ? text : e.getClass().getSimpleName() + ": " + text;
      }
    };
  }

  /** Gibibytes. */
  private static long twiceTheHeap() {
    return Math.max(4, 2 * Math.ceilDiv(Runtime.getRuntime().maxMemory(), 1L << 30));
  }

  private static String disk(String file, String reason) {
    boolean full = reason.contains("No space left") || reason.contains("quota");
    return file
        + ": "
        + reason
        + (full ? "; free some space and try again" : "; choose another place with --out");
  }

  /** Throws what another thread failed with; null: nothing. */
  static void rethrow(@Nullable Throwable failure) throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  /** Errors are not exceptions to picocli: commands hand them over here. */
  static int error(Error e, CommandLine command) {
    report(e, command);
    return CommandLine.ExitCode.SOFTWARE;
  }
}
