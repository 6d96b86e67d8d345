// On every page of whoever sees alerts: what the link is worth, how many wait, the sound and F2, by
// the one stream of this browser (link.js). Every page works without it, by forms alone.
"use strict";
const page = document.body.dataset;
const byId = (id) => document.getElementById(id), browser = page.linkName.split("-")[0];
const FORGET_MS = 60000, UNHEARD_MS = 5000, ONE_WISH_MS = 1500, WATCH_MS = 400;
// What is known of each alert; closed ones for a minute, in which an older fact may still come.
const alerts = new Map();
// What a page with a list does besides (live.js), and with what is being written (written.js).
const also = { row: () => {}, beat: () => {}, leaving: async () => {}, done: () => {} };
let last = Number(page.seq), skew = Date.parse(page.now) - Date.now(), state = "good", arrived = 0, filled = false, waiting = 0, cutAt = null;  // the server's time of the last beat before a cut
let port = null, alone = null, toldAt = performance.now(), askedAt = null, beatAt = performance.now();

function join() {
  if (!window.SharedWorker) return byMyself();
  const worker = new SharedWorker(page.linkScript, { name: page.linkName });
  worker.onerror = byMyself;
  port = worker.port;
  port.onmessage = (e) => { toldAt = performance.now(); askedAt = null; heard(e.data); };
  hello();
}

function hello() {
  if (port) port.postMessage({ kind: "hello", since: last, language: document.documentElement.lang, browser });
  else if (alone) alone.check();
  tellShown();
}

// Which alert stands on this screen, for the others of the room: told with each beat, and at once
// when somebody turns to the page or away from it.
function tellShown() {
  if (!page.formToken) return;
  const alert = document.hidden || !byId("sheet") ? "" : byId("sheet").dataset.id;
  if (port) port.postMessage({ kind: "shows", alert, token: page.formToken });
  else if (alone) alone.shows(alert ? [alert] : [], page.formToken);
}

// Who else looks at an alert, in its row and on its sheet.
let looks = {};
function showLooks() {
  for (const place of document.querySelectorAll(".looks")) {
    const names = looks[place.dataset.looks] || [], said = names.join("\n");
    if ((place.dataset.said || "") === said) continue;
    place.dataset.said = said;
    place.hidden = !names.length;
    const named = names.flatMap((name, n) => {
      const one = document.createElement("bdi");
      one.textContent = name;
      return n ? [", ", one] : [" ", one];
    });
    place.replaceChildren(...(names.length ? [page.looks, ...named] : []));
  }
}

// Without a worker, or after it has died: a stream of this page's own.
function byMyself() {
  port = null;
  if (!alone) alone = new Link(last, document.documentElement.lang, browser, heard);
}

function heard(said) {
  if (said.kind === "facts") facts(said);
  else if (said.kind === "beat") {
    beat(said);
    // what a worker repeats for a page that has come may be old
    if (Date.now() - said.at < LATE_MS) { beatAt = performance.now(); if (state !== "good") turned("good"); }
  }
  else if (said.kind === "state") turned(said.state);
  else if (said.kind === "bye") location.assign("/login");
}

const LEAVING_MS = 500;
async function leave(to) {
  await Promise.race([also.leaving(), new Promise((over) => setTimeout(over, LEAVING_MS))]);
  location.assign(to);
}

function beat(said) {
  // the screen of whoever left it shows nobody's name or place any more
  if (said.locked && !byId("locked-title") && document.querySelector("[data-personal], #lists")) return leave(byId("sheet") ? `/?alert=${byId("sheet").dataset.id}` : "/");
  skew = Date.parse(said.now) - said.at;
  for (const place of document.querySelectorAll(".last-look")) place.textContent = clock();
  for (const place of document.querySelectorAll(".channels")) place.textContent = said.channels ? `${page.channels} ${said.channels}` : "";
  standing(said);
  roomWords(said.words || []);
  looks = said.looks || {};
  showLooks();
  tellShown();
  for (const [id, known] of alerts) if (known.closedAt && performance.now() - known.closedAt > FORGET_MS) alerts.delete(id);
  also.beat();
  show();
}

// What every page of the room says besides alerts: a deaf channel, what is to be mended, a shift
// that has not begun. The page of the shift says the last one itself.
function standing(said) {
  const deaf = byId("deaf"), count = byId("to-mend"), missing = byId("shift-missing");
  if (deaf.hidden !== !said.lost.length) deaf.hidden = !said.lost.length;
  if (byId("deaf-which").textContent !== said.lost.join(", ")) byId("deaf-which").textContent = said.lost.join(", ");
  if (count) count.textContent = said.toMend || "";
  if (!missing) return;
  const words = location.pathname === "/shift" ? "" : said.missing.map((one) => missing.dataset[one]).join(" ");
  if (byId("missing-what").textContent !== words) byId("missing-what").textContent = words;
  missing.hidden = !words;
}

// What a supervisor says to everybody on shift: it stands until each has read it.
const readWords = new Set();
function roomWords(unread) {
  const banner = byId("room-words");
  if (!banner) return;
  const now = location.pathname === "/shift" ? [] : unread.filter((one) => !readWords.has(one.id)), key = now.map((one) => one.id).join(" ");
  if (banner.dataset.key === key) return;
  banner.dataset.key = key;
  banner.hidden = !now.length;
  banner.replaceChildren(...now.map(said));
  function said({ id, by, at, words }) {
    const line = document.createElement("p"), who = document.createElement("bdi"), text = document.createElement("bdi"), read = document.createElement("button");
    who.textContent = by;
    text.textContent = words;
    Object.assign(read, { type: "button", className: "small", textContent: banner.dataset.read });
    read.addEventListener("click", () => { readWords.add(id); roomWords(unread); tellRead(id); byId("main").focus(); });
    line.append(`${banner.dataset.from} `, who, ` (${clock(page.zone, Date.parse(at))})${page.colon} `, text, " ", read);
    return line;
  }
}

// What could not be told stands there again with the next beat.
async function tellRead(id) {
  const sent = new URLSearchParams({ form_token: page.formToken });
  try {
    const reply = await fetch(`/room/words/${id}/read`, { method: "POST", body: sent, headers: { accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (!reply.ok) readWords.delete(id);
  } catch { readWords.delete(id); }
}

// For whoever does not see the list: once for all that came together, whatever is silenced.
const ANNOUNCE_MS = 100;
function announce(news) {
  const place = byId("announced"), said = ["new", "again", "exercise"].filter((one) => news.has(one)).map((one) => place.dataset[one]);
  if (!said.length) return;
  place.textContent = "";  // the same words are said again
  setTimeout(() => { place.textContent = `${said.join(" ")} ${waiting} ${place.dataset.waiting}.`; }, ANNOUNCE_MS);
}

function facts(said) {
  last = Math.max(last, said.seq);
  const news = new Set();
  for (const row of said.rows) {
    const before = alerts.get(row.id);
    // what was read earlier may come later, by another way: a row never goes back
    if (before && row.mark < before.mark) continue;
    const isClosed = row.list === "closed" || row.list === "gone";
    alerts.set(row.id, { mark: row.mark, presses: row.presses, waits: row.waiting, runs: row.list === "real" && !row.waiting, since: row.waits_since, tones: row.tones || [], closedAt: isClosed ? performance.now() : 0 });
    if (filled && !before && (row.list === "real" || cameAndWent(row))) arrived += 1;
    if (filled && !before && ["real", "exercise"].includes(row.list)) news.add(row.list === "real" ? "new" : "exercise");
    if (before && row.presses > before.presses && row.list === "real") { news.add("again"); soundAgain(); }
    also.row(row);
  }
  filled = true;
  showLooks();
  count();
  announce(news);
}

// A real alert that was opened and closed while the link was away: nobody here has seen it.
const cameAndWent = (row) => row.list === "closed" && row.lane === "real" && cutAt !== null && Date.parse(row.opened_at) > cutAt;

function count() {
  const all = [...alerts.values()], oldest = all.filter((one) => one.waits).map((one) => one.since).sort()[0];
  waiting = all.filter((one) => one.waits).length;
  byId("waiting-count").textContent = waiting;
  byId("taken-count").textContent = all.filter((one) => one.runs).length;
  byId("oldest").hidden = !oldest;
  const since = byId("oldest").querySelector("time");
  if (oldest) { since.dataset.since = oldest; since.textContent = age(oldest); } else delete since.dataset.since;
  soundTick(waits());
  document.title = (waiting ? `(${waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

// By the server's clock, in the zone of the service or of the place where somebody is.
const clocks = new Map();
function clock(zone = page.zone, at = Date.now() + skew) {
  if (!clocks.has(zone)) clocks.set(zone, new Intl.DateTimeFormat("fr-FR", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  return clocks.get(zone).format(at);
}

function age(since) {
  const s = Math.max(0, Math.floor((Date.now() + skew - Date.parse(since)) / 1000)), two = (n) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor(s % 3600 / 60))}`;
}

function left(until) {
  const s = Math.ceil((Date.parse(until) - Date.now() - skew) / 1000);
  return s > 0 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}` : "";
}

// Who waits, and how many of the louder tones have begun: what has another key is news to the ear.
// Before the stream has said anything, who waits is what the page says.
function waits() {
  if (!filled && performance.now() > UNHEARD_MS) return [...document.querySelectorAll('[data-list="real"] .waiting')].map((li) => ({ key: `${li.dataset.id}:page`, level: 0 }));
  return [...alerts].filter(([, one]) => one.waits).map(([id, one]) => {
    const waited = (Date.now() + skew - Date.parse(one.since)) / 1000, level = one.tones.filter((after) => waited >= after).length;
    return { key: `${id}:${one.presses}:${level}`, level };
  });
}

function watch() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const said = age(time.dataset.since);
    if (time.textContent !== said) time.textContent = said;
  }
  for (const time of document.querySelectorAll("time[data-until]")) {
    const to = left(time.dataset.until), said = to ? `${time.dataset.in} ${to}` : time.dataset.due;
    if (time.textContent !== said) time.textContent = said;
  }
  for (const time of document.querySelectorAll("[data-clock]")) {
    const said = clock(time.dataset.clock);
    if (time.textContent !== said) time.textContent = said;
  }
  soundTick(waits());
  endsSoon();
  const since = performance.now() - beatAt;
  if (state === "good" && since > LATE_MS) turned("slow");
  else if (state === "slow" && since > OFF_MS) turned("off");
  if (!port) return;
  // a worker that lives says so each second; in place of one that died this page hears by itself
  const silent = performance.now() - toldAt;
  if (silent > 2500 && askedAt === null) { askedAt = performance.now(); hello(); }
  else if (askedAt !== null && performance.now() - askedAt > 1500) byMyself();
}

function turned(now) {
  const wasOff = state === "off";
  state = now;
  if (state === "off" && !wasOff) { arrived = 0; cutAt = Date.now() + skew - (performance.now() - beatAt); soundLost(); }
  if (state !== "off" && wasOff && arrived) {
    byId("caught-up-said").textContent = `${page.caughtUp} ${arrived}`;
    byId("caught-up").hidden = false;
  }
  show();
}

function show() {
  const chip = byId("link");
  byId("late").hidden = state !== "slow";
  byId("offline").hidden = state !== "off";
  page.linkState = state;
  if (chip.className === "chip " + state) return;
  chip.className = "chip " + state;
  chip.textContent = state === "off" ? page.linkOff : state === "slow" ? page.linkSlow : page.linkGood;
}

function press(id) { const form = byId(id); if (form) form.requestSubmit(form.querySelector("button")); return Boolean(form); }

// The last half hour before the screen locks; a password given here interrupts nothing.
const SOON_MS = 1800000;
function endsSoon() {
  const banner = byId("ends-soon");
  if (!banner) return;
  const left = Date.parse(banner.dataset.ends) - Date.now() - skew;
  banner.hidden = left > SOON_MS || left <= 0;
}

async function renewSession(e) {
  e.preventDefault();
  const form = e.target, said = byId("renew-said");
  said.textContent = "";
  let reply, answer;
  try {
    reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    answer = await reply.json();
  } catch { said.textContent = page.linkOff; return; }
  form.reset();
  if (reply.ok) byId("ends-soon").dataset.ends = answer.ends_at;
  else said.textContent = answer.sentence;
  endsSoon();
}

// Two presses in a hurry are one wish, also when the first has led to another page already: they
// carry one word, and the same word never takes a second alert.
const TOOK = "tgd-took";
let took = null;  // where the browser stores nothing
function oneWish(form) {
  try { took = JSON.parse(sessionStorage.getItem(TOOK)); } catch { /* nothing is stored here */ }
  if (form.id === "take-next" && took && Date.now() - took.at < ONE_WISH_MS) form.elements.once.value = took.word;
  took = { word: form.elements.once.value, at: Date.now() };
  try { sessionStorage.setItem(TOOK, JSON.stringify(took)); } catch { /* nothing is stored here */ }
}
// A page that comes back out of the browser's memory has used its word.
window.addEventListener("pageshow", (e) => {
  if (e.persisted && byId("take-next")) byId("take-next").elements.once.value = Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
});

// A key that is held down acts once: two alerts in one hand are one that nobody sees.
document.addEventListener("keydown", (e) => {
  if (e.repeat && ["F2", "F4", "F8", "F9", "F10"].includes(e.code)) { e.preventDefault(); e.stopImmediatePropagation(); }
}, true);
document.addEventListener("keydown", (e) => {
  if (e.code !== "F2") return;
  e.preventDefault();
  const take = byId("act-take");
  if (!(take && take.querySelector("kbd") && press("act-take")) && !press("take-next")) takeBehindLock();
});

// Behind the lock F2 waits for the password, and takes with it.
const THEN_TAKE = "then=take";
function takeBehindLock() {
  const form = byId("unlock");
  if (!form) { if (page.sounds) location.assign(`/?${THEN_TAKE}`); return; }
  if (!form.elements.then) return;
  form.elements.then.value = "take";
  byId("then-take").textContent = byId("then-take").dataset.chosen;
  if (form.elements.password.value) form.requestSubmit();
  else form.elements.password.focus();
}
if (byId("unlock") && location.search === `?${THEN_TAKE}`) takeBehindLock();
document.addEventListener("submit", (e) => {
  if (e.defaultPrevented) return;
  if (e.target.dataset.sent) e.preventDefault();
  else if (["take-next", "act-take"].includes(e.target.id)) oneWish(e.target);
  e.target.dataset.sent = "1";
  setTimeout(() => { delete e.target.dataset.sent; }, 3000);
});
for (const name of ["online", "pageshow", "visibilitychange"]) (name === "visibilitychange" ? document : window).addEventListener(name, () => { if (document.hidden) tellShown(); else hello(); });
window.addEventListener("pagehide", () => { if (port) port.postMessage({ kind: "leave" }); });
// The screen of the room does not go dark by itself; a browser that refuses it goes dark as before.
async function stayAwake() {
  if (!page.sounds || document.hidden || !navigator.wakeLock) return;
  try { await navigator.wakeLock.request("screen"); } catch { /* a weak battery, or not allowed here */ }
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

byId("caught-up-read").addEventListener("click", () => { byId("caught-up").hidden = true; byId("main").focus(); });
if (byId("renew")) byId("renew").addEventListener("submit", renewSession);
document.addEventListener("DOMContentLoaded", () => { join(); setInterval(watch, WATCH_MS); });
