import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Writes the classes of TornadoVM's API to a folder that javac and the JVM of JDK 25 read. Those
 * published for JDK 21 are marked as users of preview features: 65535 as the minor version, which
 * other versions refuse. What they used then, memory segments, is final since JDK 22 and unchanged,
 * so the mark is all that is in the way: the minor version becomes 0.
 *
 * <p>{@code java ApiClasses.java FROM TO}: FROM is a jar with the API inside, or the folder of an
 * SDK; TO receives the classes.
 */
final class ApiClasses {
  private static final String API = "uk/ac/manchester/tornado/api/";

  /** Where a class file has its minor version (JVM specification, section 4.1). */
  private static final int MINOR_VERSION = 4;

  private static final int MAGIC = 0xCAFEBABE;

  private ApiClasses() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException(
          "expected a jar or an SDK's folder, and a folder to write to; got "
              + List.of(arguments));
    }
    Path jar = jar(Path.of(arguments[0]));
    Path to = Path.of(arguments[1]);
    int classes = 0;
    try (JarFile from = new JarFile(jar.toFile())) {
      for (JarEntry entry : from.stream().filter(ApiClasses::isApi).toList()) {
        write(from, entry, to.resolve(entry.getName()).normalize());
        classes++;
      }
    }
    if (classes == 0) {
      throw new IllegalArgumentException(jar + " has no class below " + API);
    }
  }

  private static boolean isApi(JarEntry entry) {
    return entry.getName().startsWith(API)
        && entry.getName().endsWith(".class")
        && !entry.getName().contains("..");
  }

  private static Path jar(Path from) throws IOException {
    if (!Files.isDirectory(from)) {
      return from;
    }
    Path folder = from.resolve("share").resolve("java").resolve("tornado");
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "tornado-api-*.jar")) {
        for (Path jar : jars) {
          return jar;
        }
      }
    }
    throw new IllegalArgumentException(
        folder + " has no tornado-api jar: let TORNADOVM_HOME name the folder of an SDK");
  }

  /** A file that is there already keeps its time, so that nothing is compiled again for it. */
  private static void write(JarFile from, JarEntry entry, Path to) throws IOException {
    byte[] bytes;
    try (InputStream in = from.getInputStream(entry)) {
      bytes = in.readAllBytes();
    }
    ByteBuffer file = ByteBuffer.wrap(bytes);
    if (file.getInt(0) != MAGIC) {
      throw new IllegalArgumentException(entry + " in " + from.getName() + " is no class file");
    }
    file.putShort(MINOR_VERSION, (short) 0);
    if (!Files.exists(to) || !java.util.Arrays.equals(Files.readAllBytes(to), bytes)) {
      Files.createDirectories(to.getParent());
      Files.write(to, bytes);
    }
  }
}
