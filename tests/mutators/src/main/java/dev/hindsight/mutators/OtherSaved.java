package dev.hindsight.mutators;

import java.util.ArrayList;
import java.util.List;
import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;
import org.pitest.reloc.asm.Type;

/** The constructor of an op saves another one of its arguments than it should. */
public final class OtherSaved extends GradientMutator {
  @Override
  public String getName() {
    return "OTHER_SAVED";
  }

  @Override
  public MethodVisitor create(MutationContext context, MethodInfo method, MethodVisitor next) {
    return new Code(context, method, next) {
      private int lastLoaded;

      @Override
      public void visitVarInsn(int opcode, int variable) {
        super.visitVarInsn(opcode, variable);
        lastLoaded = variable;
      }

      @Override
      public void visitMethodInsn(
          int opcode, String owner, String name, String descriptor, boolean isInterface) {
        if (method.isConstructor() && name.equals("save")) {
          List<Integer> alike = argumentsOf(Type.getArgumentTypes(descriptor)[0]);
          int at = alike.indexOf(lastLoaded);
          if (at >= 0 && alike.size() > 1 && isMistakenHere("saved another argument")) {
            super.visitInsn(POP);
            super.visitVarInsn(ALOAD, alike.get((at + 1) % alike.size()));
          }
        }
        super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
      }

      /** The local variables of the constructor's arguments of one type. */
      private List<Integer> argumentsOf(Type type) {
        List<Integer> found = new ArrayList<>();
        int at = 1;
        for (Type argument : Type.getArgumentTypes(method.getMethodDescriptor())) {
          if (argument.equals(type)) {
            found.add(at);
          }
          at += argument.getSize();
        }
        return found;
      }
    };
  }
}
