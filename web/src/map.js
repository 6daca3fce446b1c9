// <world-map>: draws the places of the table inside it, in Equal Earth, over the outlines of Natural Earth.
// The table is the truth and stays: each row with data-lat and data-lon becomes a mark, data-state says which.
// Not for: deciding anything. Outlines are de-facto boundaries; an operator replaces the file (see docs).
import { geoEqualEarth, geoGraticule10, geoPath } from "d3-geo";
import { feature, mesh } from "topojson-client";
import atlas from "world-atlas/countries-110m.json";

let W = 1120;
let H = 460;
const words = { hot: "open", calm: "mitigated", unknown: "unknown", asked: "asked" };

export class WorldMap extends HTMLElement {
  async connectedCallback() {
    const places = [...this.querySelectorAll("[data-lat]")].map(place).filter((p) => Number.isFinite(p.at[0]) && Number.isFinite(p.at[1]));
    if (places.length === 0) return;
    try {
      const answer = await fetch(this.getAttribute("src") ?? atlas);
      if (!answer.ok) throw new Error(`outlines: ${answer.status}`);
      this.draw(await answer.json(), places);
    } catch (error) {
      // The table below says the same; a map without outlines would say less than none.
      this.dataset.failed = String(error);
    }
    this.dataset.ready = "";
  }

  draw(world, places) {
    // Drawn for the width there is, so that labels keep their size on a phone.
    W = Math.round(Math.min(1120, Math.max(320, this.clientWidth)));
    H = Math.round(Math.max(280, W * 0.41));
    const projection = view(places);
    const path = geoPath(projection);
    const svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": this.getAttribute("label") ?? "map" });
    const land = feature(world, world.objects.land);
    svg.append(
      element("path", { class: "grat", d: path(geoGraticule10()) }),
      element("path", { class: "land", d: path(land) }),
      element("path", { class: "border", d: path(mesh(world, world.objects.countries, (a, b) => a !== b)) }),
      element("path", { class: "coast", d: path(land) }),
    );
    const marks = places.map((p) => ({ ...p, xy: projection(p.at) })).filter((p) => p.xy);
    marks.sort((a, b) => rank(a) - rank(b));
    for (const mark of marks) svg.append(dot(mark));
    for (const text of labels([...marks].reverse())) svg.append(text);

    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = `${count(places)} Equal Earth projection; outlines: Natural Earth, de-facto boundaries.`;
    figure.append(svg, caption);
    this.prepend(figure);
  }
}

function place(row) {
  const { lat, lon, state, label, count } = row.dataset;
  return { at: [Number(lon || NaN), Number(lat || NaN)], state: state ?? "", label: label ?? "", weight: Number(count ?? 1) };
}

/** The whole world when the places are far apart, else the places with room around them. */
function view(places) {
  const lons = places.map((p) => p.at[0]);
  const lats = places.map((p) => p.at[1]);
  const span = Math.max(...lons) - Math.min(...lons);
  if (span > 150) return geoEqualEarth().fitExtent([[4, 4], [W - 4, H - 4]], { type: "Sphere" });
  const middle = (Math.max(...lons) + Math.min(...lons)) / 2;
  const pad = Math.max(4, (30 - (Math.max(...lats) - Math.min(...lats))) / 2);
  const corners = [
    [Math.min(...lons) - 6, Math.max(-80, Math.min(...lats) - pad)],
    [Math.max(...lons) + 6, Math.min(80, Math.max(...lats) + pad)],
  ];
  const points = { type: "MultiPoint", coordinates: [...corners, [corners[0][0], corners[1][1]], [corners[1][0], corners[0][1]]] };
  return geoEqualEarth().rotate([-middle, 0]).fitExtent([[8, 8], [W - 8, H - 8]], points).clipExtent([[0, 0], [W, H]]);
}

const order = ["", "calm", "asked", "unknown", "hot"];
const rank = (mark) => order.indexOf(mark.state);
const radius = (mark) => Math.min(14, 5 + Math.sqrt(Math.max(0, mark.weight - 1)) * 1.6);

/** Shape says the state as well as colour: a diamond is open, a circle mitigated, a square unknown. */
function dot(mark) {
  const [x, y] = mark.xy;
  const r = radius(mark);
  const at = { class: `dot ${mark.state}` };
  const shape =
    mark.state === "hot"
      ? element("path", { ...at, d: `M${x} ${y - r * 1.25}L${x + r * 1.25} ${y}L${x} ${y + r * 1.25}L${x - r * 1.25} ${y}Z` })
      : mark.state === "unknown"
        ? element("rect", { ...at, x: x - r, y: y - r, width: 2 * r, height: 2 * r })
        : element("circle", { ...at, cx: x, cy: y, r });
  const title = element("title", {});
  title.textContent = `${mark.label}: ${words[mark.state] ?? mark.state}`;
  shape.append(title);
  return shape;
}

/** Right, left, above, below: the first place that covers no mark and no label; none is better than a collision. */
function labels(marks) {
  const taken = marks.map(({ xy: [x, y], ...m }) => box(x - radius(m) - 1, y - radius(m) - 1, 2 * radius(m) + 2, 2 * radius(m) + 2));
  const out = [];
  const seen = new Set();
  for (const mark of marks) {
    if (!mark.label || seen.has(mark.label)) continue;
    const [x, y] = mark.xy;
    const r = radius(mark) + 5;
    const w = mark.label.length * 6.4;
    const tries = [
      [x + r, y + 4, "start", x + r],
      [x - r, y + 4, "end", x - r - w],
      [x, y - r - 1, "middle", x - w / 2],
      [x, y + r + 11, "middle", x - w / 2],
    ];
    const own = taken[marks.indexOf(mark)];
    const spot = tries.find(([, ty, , left]) => {
      const b = box(left, ty - 11, w, 14);
      return b.l > 2 && b.r < W - 2 && b.t > 2 && b.b < H - 2 && taken.every((t) => t === own || !touch(t, b));
    });
    if (!spot) continue;
    const [tx, ty, anchor, left] = spot;
    taken.push(box(left, ty - 11, w, 14));
    seen.add(mark.label);
    const text = element("text", { x: tx, y: ty, "text-anchor": anchor });
    text.textContent = mark.label;
    out.push(text);
  }
  return out;
}

const box = (l, t, w, h) => ({ l, t, r: l + w, b: t + h });
const touch = (a, b) => a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b;

function count(places) {
  const by = (state) => places.filter((p) => p.state === state).length;
  const parts = [["hot", "open"], ["asked", "asked"], ["calm", "mitigated"], ["unknown", "unknown"]];
  const said = parts.filter(([s]) => by(s)).map(([s, word]) => `${by(s)} ${word}`);
  return said.length ? `Places: ${said.join(", ")}.` : "";
}

function element(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
