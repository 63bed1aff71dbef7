package dev.hindsight.tornado;

import java.util.List;
import java.util.stream.Stream;

/**
 * What runs kernels here: TornadoVM where it is in the process, else plain Java and the emulation,
 * which would change what TornadoVM compiles.
 */
final class Machines {
  private static final List<Machine> ALL = all();

  private Machines() {}

  private static List<Machine> all() {
    return new TornadoProvider().unavailable().isEmpty()
        ? List.of(onTornadoVm(4), onTornadoVm(8))
        : List.of(new PlainMachine(), new EmulatedMachine(4, 1), new EmulatedMachine(8, 2));
  }

  /** On TornadoVM's default device. */
  static TaskGraphMachine onTornadoVm(int block) {
    return new TaskGraphMachine(TornadoDevices.all().getFirst(), block);
  }

  static Stream<Machine> stream() {
    return ALL.stream();
  }

  /** Whether it fuses multiply-adds, so that the bits are those of the reference backend. */
  static boolean fuses(Machine machine) {
    return machine instanceof TaskGraphMachine;
  }
}
