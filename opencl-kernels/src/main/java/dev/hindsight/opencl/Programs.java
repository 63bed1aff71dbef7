package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.CacheFolder;
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
import org.jocl.cl_program;

/**
 * Compiles kernels from the {@code .cl} resources, each file with each set of definitions once, and
 * keeps the binaries in the user's cache folder under a hash of device, driver, options and source.
 */
final class Programs {
  /** Resolved here: drivers look for files, and these are in a jar. */
  private static final String INCLUDE = "#include \"";

  private final Device device;
  private final Map<String, cl_program> programs = new ConcurrentHashMap<>();
  private final Map<String, Kernel> kernels = new ConcurrentHashMap<>();

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
    String key = file + options;
    return kernels.computeIfAbsent(
        name + ' ' + key,
        k ->
            new Kernel(
                device,
                name,
                clCreateKernel(
                    programs.computeIfAbsent(key, p -> program(file, name, options.toString())),
                    name,
                    null)));
  }

  private cl_program program(String file, String kernel, String options) {
    String source = source("common.cl") + source(file);
    Path cached =
        CacheFolder.file(OpenClBackend.NAME, ".bin", device.info().identity(), options, source);
    cl_program program = load(cached, options);
    if (program == null) {
      program = compile(file, kernel, source, options);
      save(program, cached);
    }
    return program;
  }

  private cl_program compile(String file, String kernel, String source, String options) {
    cl_program program =
        clCreateProgramWithSource(device.context(), 1, new String[] {source}, null, null);
    try {
      build(program, options);
    } catch (CLException e) {
      throw new IllegalStateException(
          "kernel "
              + kernel
              + " of "
              + file
              + " cannot be compiled on "
              + device.info().name()
              + " with "
              + options
              + ":\n"
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
      byte[] binary = Checked.content(Files.readAllBytes(cached));
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
      Files.write(beside, Checked.file(binary));
      Files.move(beside, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | CLException e) {
      // see above
    }
  }
}
