package dev.hindsight.gradcheck;

import dev.hindsight.engine.Shape;
import java.util.List;

/** 2 to 4 shapes that broadcast together. */
public record ShapeGroup(List<Shape> shapes) {}
