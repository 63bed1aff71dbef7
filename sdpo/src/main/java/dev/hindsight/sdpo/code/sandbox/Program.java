package dev.hindsight.sdpo.code.sandbox;

import java.util.Map;

/**
 * Compiled classes and where to enter them.
 *
 * @param function whether a method is called with arguments and gives a result; otherwise it is a
 *     {@code main} that reads standard input and prints
 * @param owner the class
 * @param method its method's name
 * @param descriptor the method's descriptor, as in class files
 */
public record Program(
    Map<String, byte[]> classes,
    boolean function,
    String owner,
    String method,
    String descriptor) {}
