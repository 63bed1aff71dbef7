package dev.hindsight.mutators;

import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;
import org.pitest.reloc.asm.Type;

/** The backward pass gives no gradient for one of the inputs. */
public final class MissingGradient extends GradientMutator {
  @Override
  public String getName() {
    return "MISSING_GRADIENT";
  }

  @Override
  public MethodVisitor create(MutationContext context, MethodInfo method, MethodVisitor next) {
    return new Code(context, method, next) {
      @Override
      public void visitMethodInsn(
          int opcode, String owner, String name, String descriptor, boolean isInterface) {
        int n = Type.getArgumentTypes(descriptor).length;
        boolean takesVariablesAlone = descriptor.startsWith("(" + object(VARIABLE).repeat(n) + ")");
        if (opcode == INVOKESTATIC && name.equals("gradients") && takesVariablesAlone) {
          for (int i = 0; i < n; i++) {
            if (isMistakenHere("gave no gradient of input " + i)) {
              dropBelow(n - 1 - i);
            }
          }
        }
        super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
      }

      @Override
      public void visitInsn(int opcode) {
        if (opcode == AASTORE
            && method.getName().equals("backward")
            && isMistakenHere("gave no gradient of one input")) {
          dropBelow(0);
        }
        super.visitInsn(opcode);
      }

      /** Puts null in the place of what lies on the stack below some others. */
      private void dropBelow(int others) {
        switch (others) {
          case 0 -> emit(POP, ACONST_NULL);
          case 1 -> emit(SWAP, POP, ACONST_NULL, SWAP);
          case 2 -> emit(DUP2_X1, POP2, POP, ACONST_NULL, DUP_X2, POP);
          default -> throw new IllegalStateException("gradients(..) of more than three inputs");
        }
      }

      private void emit(int... opcodes) {
        for (int opcode : opcodes) {
          super.visitInsn(opcode);
        }
      }
    };
  }
}
