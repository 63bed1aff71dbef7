package dev.hindsight.sdpo.code.sandbox;

/**
 * Why a source does not run.
 *
 * @param line counted from 1; 0 where no line is to blame
 * @param message what is wrong; may have several lines
 */
public record CompileError(int line, String message) {}
