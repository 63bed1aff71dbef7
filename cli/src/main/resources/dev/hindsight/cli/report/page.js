// What the scripts of all pages share; theirs follows it in the same element.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
// Lines are told apart by their dashes too, not by their colour alone.
const DASHES = [[], [9, 4], [2, 4], [12, 4, 2, 4], [5, 3], [14, 6]];
const colour = (i) => css("--run-" + (i % 6));
const dash = (i) => DASHES[(i + Math.floor(i / 6)) % DASHES.length]; // a seventh line shares a colour, not a dash
const grouped = (x) => Math.round(x).toLocaleString("en-US");

function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function swatch(stroke, dashes, width) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 26 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(ns, "line");
  for (const [k, v] of Object.entries({ x1: 0, x2: 26, y1: 5, y2: 5, stroke, "stroke-width": width,
      "stroke-dasharray": dashes.join(" ") })) line.setAttribute(k, v);
  svg.append(line);
  return svg;
}
