package dev.hindsight.tornado;

import java.util.List;
import java.util.stream.Stream;

/** Everything that runs kernels here. */
final class Machines {
  private static final List<Machine> ALL = all();

  private Machines() {}

  private static List<Machine> all() {
    return List.of(new PlainMachine(), new EmulatedMachine(4), new EmulatedMachine(8));
  }

  static Stream<Machine> stream() {
    return ALL.stream();
  }

  /** Whether it fuses multiply-adds, so that the bits are those of the reference backend. */
  static boolean fuses(Machine machine) {
    return !(machine instanceof PlainMachine) && !(machine instanceof EmulatedMachine);
  }
}
