package dev.hindsight.mutators;

import java.util.Locale;
import java.util.Set;
import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;
import org.pitest.reloc.asm.Opcodes;
import org.pitest.reloc.asm.Type;

/**
 * The last two operands of a call, of one type, change places: {@code a - b} becomes {@code b - a}.
 */
public final class Swapped extends GradientMutator {
  /** Calls whose operands may change places: methods, and all of a class that has their name. */
  private static final Set<String> COMMUTATIVE =
      Set.of("add", "mul", "minimum", "maximum", "transpose", "equals", "records");

  @Override
  public String getName() {
    return "SWAPPED";
  }

  @Override
  public MethodVisitor create(MutationContext context, MethodInfo method, MethodVisitor next) {
    return new Code(context, method, next) {
      @Override
      public void visitMethodInsn(
          int opcode, String owner, String name, String descriptor, boolean isInterface) {
        if (owner.startsWith("dev/hindsight/")
            && !COMMUTATIVE.contains(name)
            && !COMMUTATIVE.contains(simpleName(owner).toLowerCase(Locale.ROOT))
            && endsWithTwoOfOneType(opcode, owner, descriptor)
            && isMistakenHere("swapped the last two operands of " + name + "(..)")) {
          super.visitInsn(SWAP);
        }
        super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
      }
    };
  }

  private static String simpleName(String internalName) {
    return internalName.substring(internalName.lastIndexOf('/') + 1);
  }

  private static boolean endsWithTwoOfOneType(int opcode, String owner, String descriptor) {
    Type[] arguments = Type.getArgumentTypes(descriptor);
    int n = arguments.length;
    if (n == 0 || arguments[n - 1].getSize() != 1) {
      return false;
    }
    if (n > 1) {
      return arguments[n - 1].equals(arguments[n - 2]);
    }
    boolean hasReceiver = opcode == Opcodes.INVOKEVIRTUAL || opcode == Opcodes.INVOKEINTERFACE;
    return hasReceiver && arguments[0].equals(Type.getObjectType(owner));
  }
}
