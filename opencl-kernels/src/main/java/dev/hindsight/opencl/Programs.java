package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.CacheFolder;
import dev.hindsight.engine.DeviceException;
import dev.hindsight.engine.DeviceException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/**
 * Compiles kernels from the {@code .cl} resources, each file with each set of definitions once, and
 * keeps the binaries in the user's cache folder under a hash of device, driver, options and source.
 */
final class Programs {
  /** Resolved here: drivers look for files, and these are in a jar. */
  private static final String INCLUDE = "#include \"";

  private final Device device;
  private final Map<String, Program> programs = new ConcurrentHashMap<>();
  private final Map<String, Kernel> kernels = new ConcurrentHashMap<>();

  /**
   * A compiled file.
   *
   * @param kept whether its binary was on disk
   */
  private record Program(cl_program handle, boolean kept) {}

  Programs(Device device) {
    this.device = device;
  }

  Kernel kernel(String file, String name, String... definitions) {
    StringBuilder options = new StringBuilder("-cl-std=CL1.2 -DDOUBLES=");
    options.append(device.info().hasDoubles() ? 1 : 0);
    if (device.info().roundsDivisionCorrectly()) {
      options.append(" -cl-fp32-correctly-rounded-divide-sqrt");
    }
    for (String definition : definitions) {
      options.append(" -D").append(definition);
    }
    return kernels.computeIfAbsent(
        name + ' ' + file + options,
        k -> new Kernel(device, name, create(file, name, options.toString())));
  }

  /**
   * @throws DeviceException when there is no such kernel
   */
  private cl_kernel create(String file, String name, String options) {
    String key = file + options;
    Program program = programs.computeIfAbsent(key, k -> program(file, name, options, true));
    if (program.kept) {
      try {
        return clCreateKernel(program.handle, name, null);
      } catch (CLException e) {
        // the binary is of something else: it is compiled and written again
        program = program(file, name, options, false);
        programs.put(key, program);
      }
    }
    cl_program compiled = program.handle;
    return device.get("kernel " + name + " of " + file, () -> clCreateKernel(compiled, name, null));
  }

  /**
   * @param mayBeKept whether a binary that is on disk will do
   */
  private Program program(String file, String kernel, String options, boolean mayBeKept) {
    String source = source("common.cl") + source(file);
    Path path =
        CacheFolder.file(OpenClBackend.NAME, ".bin", device.info().identity(), options, source);
    cl_program kept = mayBeKept ? load(path, options) : null;
    if (kept != null) {
      return new Program(kept, true);
    }
    cl_program compiled = compile(file, kernel, source, options);
    save(compiled, path);
    return new Program(compiled, false);
  }

  private cl_program compile(String file, String kernel, String source, String options) {
    String doing = "kernel " + kernel + " of " + file;
    cl_program program =
        device.get(
            doing,
            () ->
                clCreateProgramWithSource(device.context(), 1, new String[] {source}, null, null));
    try {
      build(program, options);
    } catch (CLException e) {
      if (e.getStatus() != CL_BUILD_PROGRAM_FAILURE) {
        throw device.failure(doing, e);
      }
      throw new DeviceException(
          Reason.REFUSED,
          doing
              + " cannot be compiled on "
              + device.info().name()
              + " with "
              + options
              + "; a newer driver may do it, and ./hindsight devices lists other devices; its"
              + " compiler says:\n"
              + log(program),
          e);
    }
    return program;
  }

  private void build(cl_program program, String options) {
    clBuildProgram(program, 1, new cl_device_id[] {device.info().id()}, options, null, null);
  }

  private String log(cl_program program) {
    long[] size = new long[1];
    clGetProgramBuildInfo(program, device.info().id(), CL_PROGRAM_BUILD_LOG, 0, null, size);
    byte[] text = new byte[(int) size[0]];
    clGetProgramBuildInfo(
        program, device.info().id(), CL_PROGRAM_BUILD_LOG, text.length, Pointer.to(text), null);
    return new String(text, StandardCharsets.UTF_8).replace("\0", "");
  }

  /** The text of a file, with the files that its first lines include. */
  static String source(String file) {
    StringBuilder text = new StringBuilder();
    for (String line : resource(file).lines().toList()) {
      if (line.startsWith(INCLUDE)) {
        text.append(source(line.substring(INCLUDE.length(), line.lastIndexOf('"'))));
      } else {
        text.append(line).append('\n');
      }
    }
    return text.toString();
  }

  private static String resource(String file) {
    try (InputStream in = Programs.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("the kernel source " + file + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the kernel source " + file, e);
    }
  }

  // ------------------------------------------------------------------ binaries

  private cl_program load(Path cached, String options) {
    if (!Files.isRegularFile(cached)) {
      return null;
    }
    try {
      byte[] binary = Checked.content(name(cached), Files.readAllBytes(cached));
      if (binary == null) {
        return null;
      }
      cl_program program =
          clCreateProgramWithBinary(
              device.context(),
              1,
              new cl_device_id[] {device.info().id()},
              new long[] {binary.length},
              new byte[][] {binary},
              null,
              null);
      build(program, options);
      return program;
    } catch (IOException | CLException e) {
      return null; // of another driver: it is compiled and written again
    }
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** A cache that cannot be written costs time, nothing else. */
  private static void save(cl_program program, Path to) {
    try {
      long[] size = new long[1];
      clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null);
      byte[] binary = new byte[(int) size[0]];
      clGetProgramInfo(
          program, CL_PROGRAM_BINARIES, Sizeof.POINTER, Pointer.to(Pointer.to(binary)), null);
      Files.createDirectories(to.getParent());
      Path beside = Files.createTempFile(to.getParent(), "program", ".tmp");
      try {
        Files.write(beside, Checked.file(name(to), binary));
        Files.move(beside, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(beside); // there when it could not be written whole, or moved
      }
    } catch (IOException | CLException e) {
      // see above
    }
  }
}
