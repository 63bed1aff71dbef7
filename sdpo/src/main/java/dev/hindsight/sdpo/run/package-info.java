/** The folder of a run: its records, its checkpoints, and how a killed run goes on from them. */
@org.jspecify.annotations.NullMarked
package dev.hindsight.sdpo.run;
