package dev.hindsight.mutators;

import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;

/**
 * The gradient is right, but forgets that it depends on what was saved: its own gradient is wrong.
 */
public final class Detached extends GradientMutator {
  @Override
  public String getName() {
    return "DETACHED";
  }

  @Override
  public MethodVisitor create(MutationContext context, MethodInfo method, MethodVisitor next) {
    return new Code(context, method, next) {
      @Override
      public void visitMethodInsn(
          int opcode, String owner, String name, String descriptor, boolean isInterface) {
        boolean ofOutput =
            name.equals("saveOutput") && isMistakenHere("saved the output as a constant");
        super.visitMethodInsn(opcode, owner, ofOutput ? "save" : name, descriptor, isInterface);
        if (owner.equals(SAVED)
            && name.equals("variable")
            && isMistakenHere("detached a saved variable")) {
          callOnVariable("detach");
        }
      }
    };
  }
}
