package dev.hindsight.gradcheck;

import dev.hindsight.engine.Shape;

/** Two shapes that broadcast together. */
public record ShapePair(Shape first, Shape second) {}
