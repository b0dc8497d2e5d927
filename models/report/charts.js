/* charts.js - what the pages of training runs have in common: words, elements, and curves to point at. */
const element = id => document.getElementById(id);

/* -- Words -------------------------------------------------------------------------------------------------------- */

const percent = (share, digits = 1) => share === null ? "not measured" : (100 * share).toFixed(digits) + "\u00a0%";
const plain = value => value === null ? "not measured" : String(Number(value.toPrecision(4)));
const whole = value => value === null ? "not measured" : Math.round(value).toLocaleString("en");

function duration(seconds) {
  const s = Math.round(seconds), two = n => String(n).padStart(2, "0");
  return s < 3600 ? Math.floor(s / 60) + ":" + two(s % 60)
                  : Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

function bytes(count) {
  return count >= 2 ** 30 ? (count / 2 ** 30).toFixed(2) + " GiB" : Math.round(count / 2 ** 20) + " MiB";
}

/* -- Elements ----------------------------------------------------------------------------------------------------- */

/* svg("line", { x1: 0, ... }, "text"): an element of a drawing. */
function svg(name, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) e.setAttribute(key, attributes[key]);
  if (text !== undefined) e.textContent = text;
  return e;
}

function html(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

/* With a bar behind the text where there is a share. */
function addCell(row, text, share) {
  const cell = row.insertCell();
  cell.textContent = text;
  if (share === undefined) return;
  cell.className = "bar";
  cell.style.setProperty("--share", share || 0);
}

/* Text that ends in an ellipsis where it is longer than the room. */
function cut(text, most) {
  const letters = Array.from(text);
  return letters.length <= most ? text : letters.slice(0, most - 1).join("") + "\u2026";
}

/* -- Curves ------------------------------------------------------------------------------------------------------- */

/* A chart: { title, show: value -> text, axis: the same for its ticks, group, series: [{ name, colour, dash, points }] }
   with points [[x, y or null], ...] in the order of x. Charts of a group have one cursor, the x that is pointed at. */
const LEFT = 58, RIGHT = 14, TOP = 8, BOTTOM = 26, HEIGHT = 230, MOST_DOTS = 30;
const allCharts = [], cursors = {};

/* The least of 1, 2 or 5 times a power of ten that divides a length into at most so many. */
function stepOf(length, most) {
  const power = 10 ** Math.floor(Math.log10(length / most));
  return power * [1, 2, 5, 10].find(lead => lead * power * most >= length * .999999);
}

/* From the first below `low` to the last above `high`. */
function ticks(low, high, most) {
  if (low === high) { low -= Math.abs(low) * .1 || .5; high += Math.abs(high) * .1 || .5; }
  const step = stepOf(high - low, most);
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const least = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = values => values.reduce((a, b) => Math.max(a, b), -Infinity);

/* The path through the points that were measured; gaps stay. One point by itself is a dot. */
function path(points, place) {
  let text = "";
  points.forEach(([x, y], i) => {
    if (y === null) return;
    const joined = i > 0 && points[i - 1][1] !== null, alone = !joined && (i + 1 === points.length || points[i + 1][1] === null);
    text += (joined ? "L" : "M") + place.x(x).toFixed(1) + " " + place.y(y).toFixed(1) + (alone ? "h.01" : "");
  });
  return text;
}

function layout(chart) {
  const width = Math.max(260, chart.drawing.clientWidth || 480), points = chart.series.flatMap(s => s.points);
  const values = points.map(p => p[1]).filter(y => y !== null), places = points.map(p => p[0]);
  const marks = values.length ? ticks(least(values), most(values), 5) : [0, 1];
  const low = marks[0], high = marks[marks.length - 1], from = least(places), to = most(places);
  return {
    width, marks, from, to,
    x: v => from === to ? (LEFT + width - RIGHT) / 2 : LEFT + (v - from) / (to - from) * (width - LEFT - RIGHT),
    y: v => TOP + (high - v) / (high - low) * (HEIGHT - TOP - BOTTOM),
  };
}

function drawAxes(chart, place) {
  const { drawing } = chart;
  for (const mark of place.marks) {
    drawing.append(svg("line", { class: "grid", x1: LEFT, x2: place.width - RIGHT, y1: place.y(mark), y2: place.y(mark) }));
    drawing.append(svg("text", { x: LEFT - 8, y: place.y(mark) + 4, "text-anchor": "end" }, (chart.axis || plain)(mark)));
  }
  let step = stepOf(place.to - place.from || 1, Math.floor(place.width / 70));
  if (chart.group === "epoch") step = Math.max(1, step);
  for (let i = Math.ceil(place.from / step - 1e-9); i * step <= place.to * (1 + 1e-9); i++)
    drawing.append(svg("text", { x: place.x(i * step), y: HEIGHT - 6, "text-anchor": "middle" }, plain(i * step)));
}

function drawCurve(chart, { colour, dash, points }, place) {
  const style = "stroke: var(" + colour + ")";
  chart.drawing.append(svg("path", { class: "curve", style, "stroke-dasharray": dash || "", d: path(points, place) }));
  if (points.length > MOST_DOTS) return;
  for (const [x, y] of points)
    if (y !== null) chart.drawing.append(svg("circle", { cx: place.x(x), cy: place.y(y), r: 2.6, style: "fill: var(" + colour + ")" }));
}

function drawChart(chart) {
  const { drawing } = chart, place = layout(chart);
  drawing.replaceChildren();
  chart.place = place;
  drawing.setAttribute("viewBox", "0 0 " + place.width + " " + HEIGHT);
  drawAxes(chart, place);
  for (const series of chart.series) drawCurve(chart, series, place);
  chart.cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
  drawing.append(chart.cursor);
  showCursor(chart);
}

/* A piece of a curve, to stand beside its name. */
function sampleOf(colour, dash) {
  const line = html("i");
  line.style.borderTop = "3px " + (dash ? "dashed" : "solid") + " var(" + colour + ")";
  return line;
}

/* The figures at the cursor, else each curve's last. */
function showCursor(chart) {
  const x = cursors[chart.group], shown = x === undefined ? chart.place.to : x;
  chart.cursor.style.display = x === undefined ? "none" : "";
  chart.cursor.setAttribute("x1", chart.place.x(shown));
  chart.cursor.setAttribute("x2", chart.place.x(shown));
  chart.legend.replaceChildren(html("span", "faint", chart.group + " " + plain(shown)));
  for (const { name, colour, dash, points } of chart.series) {
    const entry = html("span"), before = points.filter(p => p[0] <= shown);
    entry.append(sampleOf(colour, dash), name + " " + (before.length ? chart.show(before[before.length - 1][1]) : "\u2013"));
    chart.legend.append(entry);
  }
}

/* Goes to the nearest x at which something was measured. */
function pointAt(group, x) {
  const charts = allCharts.filter(chart => chart.group === group);
  const places = charts.flatMap(chart => chart.series.flatMap(s => s.points.map(p => p[0])));
  if (x === null) delete cursors[group];
  else cursors[group] = places.reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a);
  charts.forEach(showCursor);
}

function listen(chart) {
  const point = event => {
    const box = chart.drawing.getBoundingClientRect(), { width, from, to } = chart.place;
    const share = ((event.clientX - box.left) * width / box.width - LEFT) / (width - LEFT - RIGHT);
    pointAt(chart.group, from + share * (to - from));
  };
  chart.drawing.addEventListener("pointermove", point);
  chart.drawing.addEventListener("pointerdown", point);
  chart.drawing.addEventListener("pointerleave", () => pointAt(chart.group, null));
  chart.drawing.addEventListener("keydown", event => {
    const forward = event.key === "ArrowRight", x = cursors[chart.group];
    const places = chart.series.flatMap(s => s.points.map(p => p[0])).sort((a, b) => a - b);
    if (event.key === "Escape") pointAt(chart.group, null);
    if (!forward && event.key !== "ArrowLeft") return;
    event.preventDefault();
    const next = x === undefined ? chart.place.to : forward ? places.find(p => p > x) : places.filter(p => p < x).pop();
    if (next !== undefined) pointAt(chart.group, next);
  });
}

/* Those curves alone of which something was measured. */
function addChart(parent, chart) {
  chart.series = chart.series.filter(s => s.points.some(p => p[1] !== null));
  if (!chart.series.length) return;
  const panel = html("div", "panel");
  chart.drawing = svg("svg", { tabindex: 0, role: "img", "aria-label": chart.title + ": arrow keys choose a point" });
  chart.legend = html("div", "legend");
  panel.append(html("h3", "", chart.title), chart.legend, chart.drawing);
  parent.append(panel);
  allCharts.push(chart);
  drawChart(chart);
  listen(chart);
}

let drawnWidth = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === drawnWidth) return;
  drawnWidth = innerWidth;
  allCharts.forEach(drawChart);
});
