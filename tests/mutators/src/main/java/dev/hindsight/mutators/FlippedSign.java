package dev.hindsight.mutators;

import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;

/**
 * The sign of one intermediate result is wrong: of every variable that a call gives, and of every
 * tensor that a backward pass takes out of a variable, which is what fused gradients begin with.
 */
public final class FlippedSign extends GradientMutator {
  @Override
  public String getName() {
    return "FLIPPED_SIGN";
  }

  @Override
  public MethodVisitor create(MutationContext context, MethodInfo method, MethodVisitor next) {
    return new Code(context, method, next) {
      @Override
      public void visitMethodInsn(
          int opcode, String owner, String name, String descriptor, boolean isInterface) {
        super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
        if (descriptor.endsWith(")" + object(VARIABLE))) {
          if (isMistakenHere("flipped the sign of " + name + "(..)")) {
            callOnVariable("neg");
          }
        } else if (owner.equals(VARIABLE) && name.equals("tensor") && !isForward()) {
          if (isMistakenHere("flipped the sign of the tensor of a variable")) {
            String unary = "dev/hindsight/engine/UnaryOp";
            super.visitFieldInsn(GETSTATIC, unary, "NEG", object(unary));
            super.visitInsn(SWAP);
            super.visitMethodInsn(
                INVOKESTATIC,
                "dev/hindsight/engine/TensorOps",
                "unary",
                "(" + object(unary) + object(TENSOR) + ")" + object(TENSOR),
                false);
          }
        }
      }
    };
  }
}
