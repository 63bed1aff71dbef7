/**
 * Questions from files: strict JSON rows that know their lines, and the split into train and test.
 */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.data;
