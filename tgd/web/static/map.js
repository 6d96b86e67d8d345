// The map of one alert: drawn of what the page says of the position, from our own origin alone.
// Without it (no WebGL, no script) the same is written in words above.
import { Map as Drawing } from "./maplibre-gl.mjs";

const OLD_MS = 30000, AGAIN_AFTER_MS = 6000, EARTH_M = 6371008.8;
const byId = (id) => document.getElementById(id);
const card = byId("map-card"), holder = byId("map");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const skew = Date.parse(document.body.dataset.now) - Date.now();  // the server's clock, not this one's
let map = null, follows = true, said = "";

function circle(lat, lon, radius) {
  const points = [], rad = Math.PI / 180, d = radius / EARTH_M, a = lat * rad;
  for (let n = 0; n <= 64; n += 1) {
    const turn = n * Math.PI / 32;
    const b = Math.asin(Math.sin(a) * Math.cos(d) + Math.cos(a) * Math.sin(d) * Math.cos(turn));
    const across = Math.atan2(Math.sin(turn) * Math.sin(d) * Math.cos(a), Math.cos(d) - Math.sin(a) * Math.sin(b));
    points.push([lon + across / rad, b / rad]);
  }
  return points;
}

const feature = (kind, type, coordinates, name = "") => ({ type: "Feature", properties: { kind, name }, geometry: { type, coordinates } });

function facts() {
  const at = byId("position");
  if (!at) return null;
  const d = at.dataset, lat = Number(d.lat), lon = Number(d.lon), features = [];
  if (d.newerLat) {
    const there = [Number(d.newerLat), Number(d.newerLon)];
    if (d.newerRadius) features.push(feature("newer", "Polygon", [circle(there[0], there[1], Number(d.newerRadius))]));
    else features.push(feature("newer-point", "Point", [there[1], there[0]]));
  }
  const ring = circle(lat, lon, Number(d.radius) || 60);
  if (d.radius) features.push(feature("circle", "Polygon", [ring]));
  for (const place of document.querySelectorAll("#places li[data-lat]")) {
    features.push(feature("place", "Point", [Number(place.dataset.lon), Number(place.dataset.lat)], place.querySelector("bdi").textContent.slice(0, 40)));
  }
  const way = byId("track") ? byId("track").dataset.points.trim().split(/\s+/).map((point) => point.split(",").map(Number).reverse()) : [];
  if (way.length > 1) features.push(feature("track", "LineString", way));
  features.push(feature("here", "Point", [lon, lat]));
  const lons = ring.map((p) => p[0]), lats = ring.map((p) => p[1]);
  return { data: { type: "FeatureCollection", features }, bounds: [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]] };
}

function drawn(id, source, kind, type, paint, more = {}) {
  return { id, type, source, paint, ...(kind ? { filter: ["==", ["get", "kind"], kind] } : {}), ...more };
}

function labels(id, source, more = {}) {
  return { id, type: "symbol", source, ...more,
    layout: { "text-field": ["get", "name"], "text-font": ["sans-serif"], "text-size": 13, "symbol-placement": more.line ? "line" : "point", "text-offset": more.line ? [0, 0] : [0, 1.1] },
    paint: { "text-color": colour("--ink"), "text-halo-color": colour("--card"), "text-halo-width": 1.5 } };
}

function ground() {
  const kind = holder.dataset.base;
  if (kind === "town") {
    const street = { "line-color": colour("--map-street"), "line-width": 5 };
    return { sources: { base: { type: "geojson", data: "/map/town" } }, layers: [
      drawn("park", "base", "park", "fill", { "fill-color": colour("--map-green") }),
      drawn("water", "base", "water", "fill", { "fill-color": colour("--map-water") }),
      drawn("building", "base", "building", "fill", { "fill-color": colour("--map-building") }),
      drawn("street", "base", "street", "line", street),
      withoutLine(labels("street-name", "base", { filter: ["==", ["get", "kind"], "street"], line: true })),
    ] };
  }
  if (kind === "raster") {
    const pictures = { type: "raster", tiles: [`${location.origin}/map/{z}/{x}/{y}`], tileSize: 256, minzoom: 0, maxzoom: Number(holder.dataset.mostZoom) };
    return { sources: { base: pictures }, layers: [{ id: "pictures", type: "raster", source: "base", paint: { "raster-fade-duration": 0 } }] };
  }
  if (kind !== "tiles") return { sources: {}, layers: [] };
  const base = { type: "vector", tiles: [`${location.origin}/map/{z}/{x}/{y}`], minzoom: Number(holder.dataset.leastZoom), maxzoom: Number(holder.dataset.mostZoom) };
  const layers = [], names = [];
  for (const name of holder.dataset.layers.split(" ")) {
    const of = { "source-layer": name };
    const fill = /water|hydro|sea/i.test(name) ? "--map-water" : /build|bati/i.test(name) ? "--map-building" : "--map-green";
    layers.push({ ...drawn(`${name}-fill`, "base", "", "fill", { "fill-color": colour(fill), "fill-opacity": 0.7 }, of), filter: ["==", ["geometry-type"], "Polygon"] });
    layers.push({ ...drawn(`${name}-line`, "base", "", "line", { "line-color": colour(/water|hydro/i.test(name) ? "--map-water" : "--map-street"), "line-width": 3 }, of), filter: ["==", ["geometry-type"], "LineString"] });
    names.push(withoutLine(labels(`${name}-name`, "base", { ...of, filter: ["all", ["has", "name"], ["==", ["geometry-type"], "LineString"]], line: true })));
  }
  return { sources: { base }, layers: [...layers, ...names] };
}

function withoutLine({ line, ...layer }) { return layer; }

function style(data) {
  const base = ground(), red = colour("--red"), amber = colour("--amber-line");
  return { version: 8, sources: { ...base.sources, facts: { type: "geojson", data } }, layers: [
    { id: "ground", type: "background", paint: { "background-color": colour("--map-ground") } },
    ...base.layers,
    drawn("newer", "facts", "newer", "line", { "line-color": amber, "line-width": 3, "line-dasharray": [2, 2] }),
    drawn("newer-point", "facts", "newer-point", "circle", { "circle-radius": 7, "circle-color": amber }),
    drawn("circle-fill", "facts", "circle", "fill", { "fill-color": red, "fill-opacity": 0.15 }),
    drawn("circle-line", "facts", "circle", "line", { "line-color": red, "line-width": 2.5 }),
    drawn("track", "facts", "track", "line", { "line-color": colour("--ink"), "line-width": 3, "line-dasharray": [1, 1.5] }),
    drawn("place", "facts", "place", "circle", { "circle-radius": 6, "circle-color": colour("--link"), "circle-stroke-color": colour("--card"), "circle-stroke-width": 2 }),
    labels("place-name", "facts", { filter: ["==", ["get", "kind"], "place"] }),
    drawn("here", "facts", "here", "circle", { "circle-radius": 8, "circle-color": red, "circle-stroke-color": colour("--card"), "circle-stroke-width": 3 }),
  ] };
}

const view = { padding: 50, maxZoom: 17, animate: false };

function open(now) {
  card.hidden = false;
  try {
    map = new Drawing({ container: holder, style: style(now.data), bounds: now.bounds, fitBoundsOptions: view, attributionControl: false, pitchWithRotate: false, dragRotate: false, fadeDuration: 0, locale: { "Map.Title": holder.dataset.title } });
  } catch {
    holder.hidden = true;
    card.querySelector(".buttons-row").hidden = true;
    byId("map-none").hidden = false;
    return;
  }
  map.on("movestart", (e) => { if (e.originalEvent) stray(); });
  map.once("idle", () => { holder.dataset.drawn = "yes"; });
  // a picture that did not come is asked for again, once the service may be well
  let again = 0;
  if (holder.dataset.base === "raster") map.on("error", () => { clearTimeout(again); again = setTimeout(() => { if (map) map.refreshTiles("base"); }, AGAIN_AFTER_MS); });
}

function stray() { follows = false; byId("map-back").hidden = false; }

function look() {
  const now = facts();
  if (!now) {
    // No position any more (the alert is closed, or withheld): nothing of it stays on the screen.
    if (map) { map.remove(); map = null; }
    card.hidden = true;
    said = "";
    return;
  }
  const saying = JSON.stringify(now.data);
  if (saying === said) return;
  said = saying;
  if (!map) { if (card.hidden) open(now); return; }
  map.getSource("facts").setData(now.data);
  if (follows) map.fitBounds(now.bounds, view);
}

function tick() {
  for (const time of document.querySelectorAll(".place-age")) {
    time.classList.toggle("old", Date.now() + skew - Date.parse(time.dataset.since) > OLD_MS);
  }
}

byId("map-in").addEventListener("click", () => { stray(); map.zoomIn({ animate: false }); });
byId("map-out").addEventListener("click", () => { stray(); map.zoomOut({ animate: false }); });
byId("map-back").addEventListener("click", () => {
  follows = true;
  byId("map-back").hidden = true;
  map.fitBounds(facts().bounds, view);
  map.getCanvas().focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (map) map.setStyle(style(facts().data)); });
new MutationObserver(look).observe(byId("sheet"), { childList: true });
look();
tick();
setInterval(tick, 1000);
