package dev.hindsight.sdpo.code;

/**
 * One test of a problem.
 *
 * @param input what a program reads, or a function's arguments, one JSON value a line
 * @param expected what a program should print, or a function's result as JSON
 */
public record CodeTest(String input, String expected) {}
