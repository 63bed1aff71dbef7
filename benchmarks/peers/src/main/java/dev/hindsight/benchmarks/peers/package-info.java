/** The peers, each called through the bindings that JavaCPP's presets ship. */
@NullMarked
package dev.hindsight.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
