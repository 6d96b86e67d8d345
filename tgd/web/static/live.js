// What the list does with the one stream of this browser (link.js): rows, ages by the server's
// clock, what the link is worth, and the keys. Every page works without it, by forms alone.
"use strict";
const page = document.body.dataset;
const byId = (id) => document.getElementById(id);
const selected = byId("sheet") ? byId("sheet").dataset.id : null;
const marks = new Map();
let last = Number(page.seq), skew = Date.parse(page.now) - Date.now(), state = "good", arrived = 0;
let port = null, alone = null, toldAt = performance.now(), askedAt = null;

function join() {
  if (!window.SharedWorker) return byMyself();
  const worker = new SharedWorker(page.linkScript, { name: page.linkName });
  worker.onerror = byMyself;
  port = worker.port;
  port.onmessage = (e) => { toldAt = performance.now(); askedAt = null; heard(e.data); };
  hello();
}

function hello() {
  if (port) port.postMessage({ kind: "hello", since: last, language: document.documentElement.lang });
  else if (alone) alone.check();
}

// Without a worker, or after it has died: a stream of this page's own.
function byMyself() {
  port = null;
  if (!alone) alone = new Link(last, document.documentElement.lang, heard);
}

function heard(said) {
  if (said.kind === "facts") facts(said);
  else if (said.kind === "beat") beat(said);
  else if (said.kind === "state") turned(said.state);
  else if (said.kind === "bye") location.assign("/login");
}

function beat(said) {
  skew = Date.parse(said.now) - said.at;
  for (const place of document.querySelectorAll(".last-look")) place.textContent = clock();
  for (const place of document.querySelectorAll(".channels")) place.textContent = said.channels ? `${page.channels} ${said.channels}` : "";
  show();
}

function facts(said) {
  last = Math.max(last, said.seq);
  for (const row of said.rows) {
    // what was read earlier may come later, by another way: a row never goes back
    if (row.mark < (marks.get(row.id) || 0)) continue;
    marks.set(row.id, row.mark);
    put(row);
  }
  count();
}

function put(row) {
  const holder = document.createElement("template");
  holder.innerHTML = row.html;  // escaped by the server, refused by the policy if it held script
  const made = holder.content.querySelector("li");
  const old = document.querySelector(`li[data-id="${row.id}"]`);
  if (!old && row.waiting) soundNews(false);
  else if (old && Number(made.dataset.presses) > Number(old.dataset.presses) && row.list === "real") soundNews(true);
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
    for (const part of ["sheet-head", ...(isTakingOver() ? [] : ["sheet-acts"]), "sheet-facts", "sheet-timeline", ...(writing ? [] : ["sheet-forms"])]) byId(part).replaceWith(fresh.getElementById(part));
    const notice = byId("sheet-changed");
    notice.hidden = !writing;
    notice.textContent = writing ? page.changed : "";
  } finally {
    refreshing = false;
    if (again) refreshSheet();
  }
}

// The reason of a take-over that is being written stays; whom it is taken from is compared.
const isTakingOver = () => [...byId("sheet-acts").querySelectorAll("input[name=reason]")].some((field) => field.value.trim());

function isWriting() {
  const acts = byId("sheet-forms");
  const written = [...acts.querySelectorAll("textarea, select")].some((field) => field.value.trim());
  return written || (acts.contains(document.activeElement) && document.activeElement.matches("textarea, select"));
}

function count() {
  const waiting = document.querySelectorAll('[data-list="real"] .waiting').length;
  byId("waiting-count").textContent = waiting;
  soundTick(waiting);
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
  soundTick(Number(byId("waiting-count").textContent));
  if (!port) return;
  const silent = performance.now() - toldAt;
  if (silent > 5000 && askedAt === null) { askedAt = performance.now(); hello(); }
  else if (askedAt !== null && performance.now() - askedAt > 2500) { byMyself(); turned("off"); }
}

function turned(now) {
  const wasOff = state === "off";
  state = now;
  if (state === "off" && !wasOff) { arrived = 0; soundLost(); }
  if (state !== "off" && wasOff && arrived) {
    byId("caught-up").textContent = `${page.caughtUp} ${arrived}`;
    byId("caught-up").hidden = false;
  }
  show();
}

function show() {
  const chip = byId("link");
  byId("late").hidden = state !== "slow";
  byId("offline").hidden = state !== "off";
  if (chip.className === "chip " + state) return;
  chip.className = "chip " + state;
  chip.textContent = state === "off" ? page.linkOff : state === "slow" ? page.linkSlow : page.linkGood;
}

function press(id) { const form = byId(id); if (form) form.requestSubmit(form.querySelector("button")); return Boolean(form); }
function reach(id) { const form = byId(id); if (form) form.querySelector("select, button.danger, textarea, button").focus(); }

document.addEventListener("keydown", (e) => {
  if (e.code === "F2") { e.preventDefault(); const take = byId("act-take"); if (!(take && take.querySelector("kbd") && press("act-take"))) press("take-next"); }
  else if (e.code === "F4") { e.preventDefault(); reach("act-request"); }
  else if (e.code === "F10" && byId("act-real")) { e.preventDefault(); press("act-real"); }
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
for (const name of ["online", "pageshow", "visibilitychange"]) (name === "visibilitychange" ? document : window).addEventListener(name, () => { if (!document.hidden) hello(); });
window.addEventListener("pagehide", () => { if (port) port.postMessage({ kind: "leave" }); });

join();
setInterval(watch, 500);
