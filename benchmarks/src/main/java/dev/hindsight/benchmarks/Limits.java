package dev.hindsight.benchmarks;

/**
 * What the machine can do at most with so many threads, measured in the same run.
 *
 * @param gigaflops single-precision operations of fused multiply-adds in registers, 1e9 a second
 * @param gigabytes 28 MB read again and again, 1e9 bytes a second: from memory, or from a third
 *     cache that holds as much
 */
public record Limits(double gigaflops, double gigabytes) {}
