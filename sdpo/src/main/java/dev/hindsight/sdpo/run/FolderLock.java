package dev.hindsight.sdpo.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/**
 * The right to write into a folder, which one run has at a time. It ends with the process, however
 * that ends, so a killed run is in nobody's way.
 *
 * <p>What is locked is a file of its own, {@value #FILE}, that nothing else opens: on POSIX systems
 * a process loses its lock on a file as soon as it closes the file anywhere, if only after reading.
 */
public final class FolderLock implements AutoCloseable {
  /** The empty file that is locked; it stays when the lock is gone. */
  public static final String FILE = ".lock";

  /** Folders that this process has locked; probing those for a lock would end it. */
  private static final Set<Path> HELD = new HashSet<>();

  private final Path folder;
  private final FileChannel channel;

  private FolderLock(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /**
   * Locks a folder that exists.
   *
   * @throws IOException when another run has it, or nothing can be written there
   */
  public static FolderLock acquire(Path folder) throws IOException {
    Path real = folder.toRealPath();
    synchronized (HELD) {
      if (!HELD.contains(real)) {
        FileChannel channel =
            FileChannel.open(
                folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
          lock = channel.tryLock();
        } finally {
          if (lock == null) {
            channel.close();
          }
        }
        if (lock != null) {
          HELD.add(real);
          return new FolderLock(real, channel);
        }
      }
    }
    throw new IOException(
        folder + " is being written by another run; wait for it, or choose another folder");
  }

  /**
   * Fails when a run is writing the folder, or one of the folders in it.
   *
   * @throws IOException as {@link #acquire} does
   */
  public static void requireFree(Path folder) throws IOException {
    if (Files.exists(folder.resolve(FILE))) {
      acquire(folder).close();
    }
    try (var entries = Files.newDirectoryStream(folder, Files::isDirectory)) {
      for (Path entry : entries) {
        if (Files.exists(entry.resolve(FILE))) {
          acquire(entry).close();
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (HELD) {
      HELD.remove(folder);
      channel.close();
    }
  }
}
