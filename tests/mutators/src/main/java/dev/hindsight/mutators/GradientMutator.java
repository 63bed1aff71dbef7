package dev.hindsight.mutators;

import org.pitest.bytecode.ASMVersion;
import org.pitest.mutationtest.engine.gregor.MethodInfo;
import org.pitest.mutationtest.engine.gregor.MethodMutatorFactory;
import org.pitest.mutationtest.engine.gregor.MutationContext;
import org.pitest.reloc.asm.MethodVisitor;
import org.pitest.reloc.asm.Opcodes;

/**
 * A kind of mistake. PIT's own mutators change arithmetic on numbers; a backward pass has little of
 * that, it calls operations on variables. A subclass says at which instructions the mistake can be
 * made, and makes it at the one that PIT asks for.
 */
public abstract class GradientMutator implements MethodMutatorFactory {
  static final String VARIABLE = "dev/hindsight/autograd/Variable";
  static final String TENSOR = "dev/hindsight/engine/Tensor";
  static final String SAVED = "dev/hindsight/autograd/Saved";

  /** The method's code on its way to the class file. */
  abstract class Code extends MethodVisitor implements Opcodes {
    private final MutationContext context;
    final MethodInfo method;

    Code(MutationContext context, MethodInfo method, MethodVisitor next) {
      super(ASMVersion.ASM_VERSION, next);
      this.context = context;
      this.method = method;
    }

    /** Counts a place where the mistake can be made; whether it is to be made here and now. */
    final boolean isMistakenHere(String description) {
      return context.shouldMutate(context.registerMutation(GradientMutator.this, description));
    }

    /** Whether the method runs forward: most of what it takes out of variables are their shapes. */
    final boolean isForward() {
      return method.isConstructor()
          || (method.isStatic() && !method.getName().startsWith("lambda"));
    }

    final void callOnVariable(String operation) {
      super.visitMethodInsn(INVOKEVIRTUAL, VARIABLE, operation, "()" + object(VARIABLE), false);
    }
  }

  static String object(String internalName) {
    return "L" + internalName + ";";
  }

  @Override
  public String getGloballyUniqueId() {
    return getClass().getName();
  }

  @Override
  public String toString() {
    return getName();
  }
}
