package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.ComputeDevice;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * What an OpenCL device says of itself.
 *
 * @param type {@code gpu}, {@code cpu} or {@code accelerator}
 * @param memory bytes of global memory
 * @param largestBuffer bytes that one buffer may have
 * @param localMemory bytes that the work-items of a group share
 * @param vectorWidth floats in a vector register; 1 on most GPUs
 */
record DeviceInfo(
    cl_platform_id platform,
    cl_device_id id,
    String platformName,
    String name,
    String vendor,
    String driver,
    String version,
    String type,
    long memory,
    long largestBuffer,
    int computeUnits,
    long localMemory,
    int largestGroup,
    int vectorWidth,
    String extensions,
    boolean roundsDivisionCorrectly) {

  private static final long CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT = 1 << 7;

  /** Every device of every platform, the likely fastest first: GPUs, by compute units. */
  static List<DeviceInfo> all() {
    CL.setExceptionsEnabled(true);
    List<DeviceInfo> devices = new ArrayList<>();
    for (cl_platform_id platform : platforms()) {
      for (cl_device_id id : devices(platform)) {
        devices.add(describe(platform, id));
      }
    }
    devices.sort(
        Comparator.comparing((DeviceInfo d) -> d.type.equals("cpu"))
            .thenComparing(d -> !d.type.equals("gpu"))
            .thenComparing(d -> -d.computeUnits));
    return devices;
  }

  /** What compiled kernels and measurements belong to. */
  String identity() {
    return String.join("\n", platformName, name, driver);
  }

  /** The same for those who choose a device. */
  ComputeDevice described() {
    return new ComputeDevice(
        name,
        platformName,
        vendor,
        driver,
        version,
        type,
        computeUnits,
        memory,
        largestBuffer,
        localMemory);
  }

  boolean hasDoubles() {
    return (" " + extensions + " ").contains(" cl_khr_fp64 ");
  }

  /** This device, as if it had no extension at all. */
  DeviceInfo withoutExtensions() {
    return new DeviceInfo(
        platform,
        id,
        platformName,
        name,
        vendor,
        driver,
        version,
        type,
        memory,
        largestBuffer,
        computeUnits,
        localMemory,
        largestGroup,
        vectorWidth,
        "",
        roundsDivisionCorrectly);
  }

  private static cl_platform_id[] platforms() {
    int[] count = new int[1];
    try {
      clGetPlatformIDs(0, null, count);
    } catch (CLException e) {
      return new cl_platform_id[0]; // the loader says so when no driver is registered
    }
    cl_platform_id[] ids = new cl_platform_id[count[0]];
    if (count[0] > 0) {
      clGetPlatformIDs(ids.length, ids, null);
    }
    return ids;
  }

  private static cl_device_id[] devices(cl_platform_id platform) {
    int[] count = new int[1];
    try {
      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, null, count);
    } catch (CLException e) {
      return new cl_device_id[0]; // CL_DEVICE_NOT_FOUND
    }
    cl_device_id[] ids = new cl_device_id[count[0]];
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, ids.length, ids, null);
    return ids;
  }

  private static DeviceInfo describe(cl_platform_id platform, cl_device_id id) {
    long type = number(id, CL_DEVICE_TYPE);
    return new DeviceInfo(
        platform,
        id,
        platformText(platform, CL_PLATFORM_NAME),
        text(id, CL_DEVICE_NAME),
        text(id, CL_DEVICE_VENDOR),
        text(id, CL_DRIVER_VERSION),
        text(id, CL_DEVICE_VERSION),
        (type & CL_DEVICE_TYPE_GPU) != 0
            ? "gpu"
            : (type & CL_DEVICE_TYPE_CPU) != 0 ? "cpu" : "accelerator",
        number(id, CL_DEVICE_GLOBAL_MEM_SIZE),
        number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE),
        (int) number(id, CL_DEVICE_MAX_COMPUTE_UNITS),
        number(id, CL_DEVICE_LOCAL_MEM_SIZE),
        (int) number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE),
        (int) number(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT),
        text(id, CL_DEVICE_EXTENSIONS),
        (number(id, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0);
  }

  private static String text(cl_device_id id, int parameter) {
    long[] size = new long[1];
    clGetDeviceInfo(id, parameter, 0, null, size);
    byte[] bytes = new byte[(int) size[0]];
    clGetDeviceInfo(id, parameter, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  private static String platformText(cl_platform_id id, int parameter) {
    long[] size = new long[1];
    clGetPlatformInfo(id, parameter, 0, null, size);
    byte[] bytes = new byte[(int) size[0]];
    clGetPlatformInfo(id, parameter, bytes.length, Pointer.to(bytes), null);
    return text(bytes);
  }

  private static String text(byte[] terminated) {
    return new String(terminated, StandardCharsets.UTF_8).replace("\0", "").strip();
  }

  /** Numbers are 4 or 8 bytes; the machines that run this are little-endian. */
  private static long number(cl_device_id id, int parameter) {
    long[] value = new long[1];
    clGetDeviceInfo(id, parameter, Long.BYTES, Pointer.to(value), null);
    return value[0];
  }
}
