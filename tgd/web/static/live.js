// The live channel of the list: facts by EventSource, a watchdog on the server's beat, catch-up by
// /sync, ages by the server's clock, and the keys. Every page works without it, by forms alone.
"use strict";
const SLOW_MS = 4000, OFF_MS = 7000, BEHIND_MS = 1500, AGAIN_MS = 3000;
const page = document.body.dataset;
const byId = (id) => document.getElementById(id);
const selected = byId("sheet") ? byId("sheet").dataset.id : null;
let last = Number(page.seq), heardAt = performance.now(), behindSince = null, triedAt = 0;
let skew = Date.parse(page.now) - Date.now(), source = null, wasOff = false, arrived = 0;

function connect() {
  triedAt = performance.now();
  if (source) source.close();
  source = new EventSource("/events?since=" + last);
  source.addEventListener("facts", (e) => { heardAt = performance.now(); facts(JSON.parse(e.data)); });
  source.addEventListener("beat", (e) => beat(JSON.parse(e.data)));
  source.addEventListener("bye", () => location.assign("/login"));
}

function beat(said) {
  heardAt = performance.now();
  skew = Date.parse(said.now) - Date.now();
  for (const place of document.querySelectorAll(".last-look")) place.textContent = clock();
  // The journal moved and no fact came: most moves change no row, one look makes sure.
  if (said.seq <= last) behindSince = null;
  else if (behindSince === null) behindSince = performance.now();
  else if (performance.now() - behindSince > BEHIND_MS) { behindSince = null; sync(); }
}

async function sync() {
  triedAt = performance.now();
  try {
    const reply = await fetch("/sync?since=" + last, { headers: { accept: "application/json" } });
    if (reply.status === 401) return location.assign("/login");
    if (!reply.ok) return;
    const said = await reply.json();
    heardAt = performance.now();
    skew = Date.parse(said.now) - Date.now();
    facts(said);
  } catch { /* offline: the watchdog says so */ }
}

function facts(said) {
  last = Math.max(last, said.seq);
  for (const row of said.rows) put(row);
  count();
}

function put(row) {
  const holder = document.createElement("template");
  holder.innerHTML = row.html;  // escaped by the server, refused by the policy if it held script
  const made = holder.content.querySelector("li");
  const old = document.querySelector(`li[data-id="${row.id}"]`);
  const changed = old && withoutTimes(old) !== withoutTimes(made);
  if (old && !changed && old.dataset.order === row.order && old.closest(`[data-list="${row.list}"]`)) return;
  if (row.id === selected) made.querySelector("a").setAttribute("aria-current", "true");
  if (!old && row.list !== "closed") { made.classList.add("new"); arrived += 1; setTimeout(() => made.classList.remove("new"), 3000); }
  const focused = old && old.contains(document.activeElement);
  if (old) old.remove();
  const list = document.querySelector(`[data-list="${row.list}"]`);
  const after = [...list.children].find((other) => other.dataset.order > row.order);
  list.insertBefore(made, after || null);
  if (focused) made.querySelector("a").focus();
  if (row.id === selected && changed) refreshSheet();
}

const withoutTimes = (li) => li.textContent.replace(/\s+/g, " ").replace(/\d+:\d\d|\d+ h \d\d/g, "");

let refreshing = false, again = false;
async function refreshSheet() {
  again = refreshing;  // what changed while one was on its way is fetched after it, never forgotten
  if (refreshing) return;
  refreshing = true;
  try {
    const reply = await fetch(`/alerts/${selected}?part=live`);
    if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    const writing = isWriting();
    for (const part of ["sheet-head", "sheet-acts", "sheet-facts", "sheet-timeline", ...(writing ? [] : ["sheet-forms"])]) byId(part).replaceWith(fresh.getElementById(part));
    const notice = byId("sheet-changed");
    notice.hidden = !writing;
    notice.textContent = writing ? page.changed : "";
  } finally {
    refreshing = false;
    if (again) refreshSheet();
  }
}

function isWriting() {
  const acts = byId("sheet-forms");
  const written = [...acts.querySelectorAll("textarea, select")].some((field) => field.value.trim());
  return written || (acts.contains(document.activeElement) && document.activeElement.matches("textarea, select"));
}

function count() {
  const waiting = document.querySelectorAll('[data-list="real"] .waiting').length;
  byId("waiting-count").textContent = waiting;
  document.title = (waiting ? `(${waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

const clock = () => new Date(Date.now() + skew).toLocaleTimeString("fr-FR", { timeZone: page.zone });

function age(since) {
  const s = Math.max(0, Math.floor((Date.now() + skew - Date.parse(since)) / 1000)), two = (n) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor(s % 3600 / 60))}`;
}

function watch() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const said = age(time.dataset.since);
    if (time.textContent !== said) time.textContent = said;
  }
  const silent = performance.now() - heardAt, off = silent > OFF_MS, slow = silent > SLOW_MS;
  show(off ? "off" : slow ? "slow" : "good", off ? page.linkOff : slow ? page.linkSlow : page.linkGood);
  byId("offline").hidden = !off;
  if (off && !wasOff) arrived = 0;
  if (wasOff && !off && arrived) {
    byId("caught-up").textContent = `${page.caughtUp} ${arrived}`;
    byId("caught-up").hidden = false;
  }
  wasOff = off;
  if (slow && performance.now() - triedAt > AGAIN_MS) { connect(); sync(); }
}

function show(state, words) {
  const chip = byId("link");
  if (chip.className === "chip " + state) return;
  chip.className = "chip " + state;
  chip.textContent = words;
}

function press(id) { const form = byId(id); if (form) form.requestSubmit(form.querySelector("button")); return Boolean(form); }
function reach(id) { const form = byId(id); if (form) form.querySelector("select, button.danger, textarea, button").focus(); }

document.addEventListener("keydown", (e) => {
  if (e.code === "F2") { e.preventDefault(); const take = byId("act-take"); if (!(take && take.querySelector("kbd") && press("act-take"))) press("take-next"); }
  else if (e.code === "F4") { e.preventDefault(); reach("act-request"); }
  else if (e.code === "F9") { e.preventDefault(); reach("act-close"); }
  else if (e.code === "Enter" && e.ctrlKey && e.target.name === "words") { e.preventDefault(); press("act-note"); }
  else if (e.altKey && e.code === "Digit1") { e.preventDefault(); (document.querySelector(".row a") || byId("lists")).focus(); }
  else if (e.altKey && e.code === "Digit2") { e.preventDefault(); (byId("sheet") || byId("main")).focus(); }
  else if ((e.code === "ArrowDown" || e.code === "ArrowUp") && e.target.closest(".row")) {
    const rows = [...document.querySelectorAll(".row a")], to = rows[rows.indexOf(e.target) + (e.code === "ArrowDown" ? 1 : -1)];
    if (to) { e.preventDefault(); to.focus(); }
  }
});
document.addEventListener("submit", (e) => { if (e.target.dataset.sent) e.preventDefault(); e.target.dataset.sent = "1"; setTimeout(() => { delete e.target.dataset.sent; }, 3000); });
for (const name of ["online", "pageshow", "visibilitychange"]) (name === "visibilitychange" ? document : window).addEventListener(name, () => { if (!document.hidden && performance.now() - heardAt > SLOW_MS) { connect(); sync(); } });

connect();
setInterval(watch, 500);
