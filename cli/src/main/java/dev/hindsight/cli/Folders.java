package dev.hindsight.cli;

import dev.hindsight.sdpo.run.FolderLock;
import dev.hindsight.sdpo.run.RunFolder;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** Where commands find what they read and put what they write. */
final class Folders {
  private Folders() {}

  /**
   * A file or folder that a command is to read: as given, or, when it is not there, below the
   * folder that Hindsight lies in, so that {@code models/...} and {@code configs/...} work from
   * anywhere.
   */
  static Path input(Path given) {
    if (given.isAbsolute() || Files.exists(given)) {
      return given;
    }
    String home = System.getProperty("hindsight.home");
    if (home == null) {
      return given;
    }
    // a neighbour's name is better looked for where the folder is; a bare name is meant to be here
    Path there = Path.of(home).resolve(given);
    boolean folderHere = given.getParent() == null || Files.isDirectory(given.getParent());
    return Files.exists(there) || (!folderHere && Files.isDirectory(there.getParent()))
        ? there
        : given;
  }

  /**
   * A folder that a command may write.
   *
   * @param replaces whether something of ours stands there that is to go
   */
  record Claim(Path folder, boolean replaces) {
    /** Makes room: what stands there goes, at the last moment at which nothing can be wrong. */
    void take() throws IOException {
      if (replaces && Files.exists(folder)) {
        FolderLock.requireFree(folder);
        delete(folder);
      }
    }
  }

  /**
   * Makes sure that a command may write a folder: it is not there, or empty, or may be replaced.
   * Nothing is deleted before {@link Claim#take}.
   *
   * @param overwrite whether a former one of ours goes
   * @param marks files of which one shows that the folder was written by Hindsight; others are
   *     never deleted
   * @param otherwise what else a person can do, as the end of a sentence
   */
  static Claim claim(Path folder, boolean overwrite, List<String> marks, String otherwise)
      throws IOException {
    if (!Files.exists(folder)) {
      return new Claim(folder, false);
    }
    if (!Files.isDirectory(folder)) {
      throw new Failure(folder + " is a file; choose another folder with --out");
    }
    if (RunFolder.isUnused(folder)) {
      return new Claim(folder, false);
    }
    if (!overwrite) {
      throw new Failure(
          folder
              + " exists already and is kept: choose another folder with --out DIR, or replace it with"
              + " --overwrite"
              + otherwise);
    }
    if (marks.stream().noneMatch(m -> Files.exists(folder.resolve(m)))) {
      throw new Failure(
          folder
              + " was not written by this command (it has none of "
              + String.join(", ", marks)
              + "), so --overwrite leaves it alone; choose another folder with --out DIR");
    }
    FolderLock.requireFree(folder);
    return new Claim(folder, true);
  }

  /**
   * The folder of a command that goes on where it was stopped when it is given again: new, or with
   * its mark in it.
   *
   * @param overwrite whether what it wrote before goes
   * @param mark a file that the command writes into every folder of its own
   */
  static void again(Path folder, boolean overwrite, String mark) throws IOException {
    boolean own = Files.isRegularFile(folder.resolve(mark));
    if (overwrite || !own) {
      claim(folder, overwrite, List.of(mark), "").take();
    }
    Files.createDirectories(folder);
  }

  /** Deletes a folder and all that is in it. */
  static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, IOException e) throws IOException {
            if (e != null) {
              throw e;
            }
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** A file's name without its extension: what runs of a configuration are called. */
  static String stem(Path file) {
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }
}
