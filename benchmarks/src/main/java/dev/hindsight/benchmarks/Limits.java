package dev.hindsight.benchmarks;

/**
 * What the machine or its device can do at most with so many threads, measured in the same run.
 *
 * @param gigaflops single-precision operations of fused multiply-adds in registers, 1e9 a second;
 *     NaN where a backend cannot say
 * @param gigabytes 1e9 bytes a second: on a device a copy, what it reads and writes together; on a
 *     processor 28 MB read again and again, from memory, or from a third cache that holds as much
 */
public record Limits(double gigaflops, double gigabytes) {}
