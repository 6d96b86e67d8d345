// The list and the open sheet: rows where they belong, the sheet as it is now, and the keys. What
// comes of the stream, and how many wait, is watch.js.
"use strict";
const selected = byId("sheet") ? byId("sheet").dataset.id : null;
const PRESSED_MS = 2000;

also.row = function put(row) {
  // outside this person's court or area, by now or from the beginning
  if (row.list === "gone") return document.querySelector(`li[data-id="${row.id}"]`)?.remove();
  const holder = document.createElement("template");
  holder.innerHTML = row.html;  // escaped by the server, refused by the policy if it held script
  const made = holder.content.querySelector("li");
  const old = document.querySelector(`li[data-id="${row.id}"]`);
  const changed = !old || made.dataset.stamp !== old.dataset.stamp;
  if (row.id === selected) showNext(made);
  if (row.id === selected && changed) refreshSheet();
  if (!changed && old.dataset.mark === made.dataset.mark && old.dataset.order === row.order && old.closest(`[data-list="${row.list}"]`)) return;
  if (row.id === selected) made.querySelector("a").setAttribute("aria-current", "true");
  if (!old && row.list !== "closed") { made.classList.add("new"); setTimeout(() => made.classList.remove("new"), 3000); }
  const focused = old && old.contains(document.activeElement);
  if (old) old.remove();
  const list = document.querySelector(`[data-list="${row.list}"]`);
  const after = [...list.children].find((other) => other.dataset.order > row.order);
  list.insertBefore(made, after || null);
  while (list.dataset.most && list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
  if (focused) made.querySelector("a").focus();
};

// What comes next is in the row already: showing it is no new look at the sheet.
function showNext(li) {
  const next = li.querySelector(".next");
  byId("sheet-next").innerHTML = next ? next.innerHTML : "";
}

const SHEET_MS = 5000;
let refreshing = false, again = false, missed = false;
async function refreshSheet() {
  again = refreshing;  // what changed while one was on its way is fetched after it, never forgotten
  if (refreshing) return;
  refreshing = true;
  try {
    const fresh = await freshSheet();
    isOld(!fresh);
    if (fresh) await showSheet(fresh);
  } finally {
    refreshing = false;
    if (again) refreshSheet();
  }
}

// The sheet as it is now; nothing when it did not come in time.
async function freshSheet() {
  try {
    const reply = await fetch(`/alerts/${selected}?part=live`, { signal: AbortSignal.timeout(SHEET_MS) });
    if (reply.redirected) leave(reply.url);  // the screen was locked, or the session is over
    return reply.ok && !reply.redirected ? new DOMParser().parseFromString(await reply.text(), "text/html") : null;
  } catch { return null; }
}

// What changed and could not be fetched is said, and asked for again at each beat.
function isOld(now) {
  missed = now;
  byId("sheet-old").hidden = !now;
}
also.beat = () => { if (missed) refreshSheet(); };

async function showSheet(fresh) {
  await released();
  const writing = isWriting(), was = headWords();
  for (const part of ["sheet-head", ...(isTakingOver() ? [] : ["sheet-acts"]), "sheet-facts", "sheet-timeline", ...(writing ? [] : ["sheet-forms"])]) renew(byId(part), fresh.getElementById(part));
  if (headWords() !== was) byId("sheet-said").textContent = headWords();
  // the row may have said meanwhile what comes next: the reply is the older of the two
  const row = document.querySelector(`li[data-id="${selected}"]`);
  if (row) showNext(row);
  const notice = byId("sheet-changed");
  notice.hidden = !writing;
  notice.textContent = writing ? page.changed : "";
}

// Which alert, and where it stands: said aloud to who does not see it change.
const headWords = () => byId("sheet-title").textContent.replace(/\s+/g, " ").trim();

// A press of the mouse that has begun ends on what it began on.
let pressedAt = 0;
document.addEventListener("pointerdown", () => { pressedAt = performance.now(); }, true);
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { pressedAt = 0; }, true);
async function released() {
  while (pressedAt && performance.now() - pressedAt < PRESSED_MS) await new Promise((done) => setTimeout(done, 50));
}

// Only what differs is replaced, and whoever is at a button stays at it: two keys send the request.
function renew(old, fresh) {
  if (!old || !fresh) return;
  for (const one of old.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector(`#${one.id}`);
    if (same) same.open = true;
  }
  if (told(old) === told(fresh)) return;
  const at = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (!at) return;
  const to = [...fresh.querySelectorAll(at.localName)].find((one) => whatFor(one) === whatFor(at));
  if (to) to.hidden = at.hidden;  // a button that script alone has is there at once
  (to || byId("sheet")).focus({ preventScroll: true });
}

const whatFor = (one) => [one.form ? one.form.id : "", one.name || "", one.getAttribute("value") || "", one.getAttribute("href") || ""].join("|");

function told(part) {
  const bare = part.cloneNode(true);
  for (const time of bare.querySelectorAll("time[data-since], time[data-until], [data-clock]")) time.textContent = "";
  for (const field of bare.querySelectorAll("input[name=once]")) field.removeAttribute("value");
  for (const form of bare.querySelectorAll("form")) form.removeAttribute("data-sent");
  for (const copy of bare.querySelectorAll("[data-copy]")) copy.hidden = true;
  for (const part of bare.querySelectorAll("#silence-clock, #silence-over")) { part.hidden = true; part.textContent = ""; }
  for (const said of bare.querySelectorAll(".copied")) said.textContent = "";
  return bare.outerHTML;
}

// The reason of a take-over that is being written stays; whom it is taken from is compared.
const isTakingOver = () => [...byId("sheet-acts").querySelectorAll("input[name=reason]")].some((field) => field.value.trim());

function isWriting() {
  const acts = byId("sheet-forms");
  const written = [...acts.querySelectorAll("textarea, select")].some((field) => field.value.trim());
  return written || (acts.contains(document.activeElement) && document.activeElement.matches("textarea, select"));
}

// What becomes true by the clock alone (a room that has not said in time that it has the case).
setInterval(() => {
  const due = document.querySelector("#sheet [data-look-at]");
  if (due && Date.now() + skew > Date.parse(due.dataset.lookAt) + 500) refreshSheet();
}, 1000);

// Twenty seconds of silence, counted by whoever listens; any sound, and the count begins anew.
const COUNTED_MS = 20000;
let silentSince = null;
function showSilence() {
  const button = byId("silence-clock");
  if (!button) { silentSince = null; return; }
  const left = silentSince === null ? 0 : Math.ceil((COUNTED_MS - performance.now() + silentSince) / 1000);
  const said = left > 0 ? `${left} s – ${button.dataset.again}` : button.dataset.start;
  const over = silentSince !== null && left <= 0 ? byId("silence-over").dataset.over : "";
  if (button.textContent !== said) button.textContent = said;
  if (byId("silence-over").textContent !== over) byId("silence-over").textContent = over;
  button.hidden = false;
}
document.addEventListener("click", (e) => {
  if (e.target.id === "silence-clock") { silentSince = performance.now(); showSilence(); }
});
setInterval(showSilence, 250);
showSilence();

function reach(id) { const form = byId(id); if (form) form.querySelector("select, button.danger, textarea, button").focus(); }

document.addEventListener("keydown", (e) => {
  if (e.code === "F4") { e.preventDefault(); reach("act-request"); }
  else if (e.code === "F10" && byId("act-real")) { e.preventDefault(); press("act-real"); }
  else if (e.code === "F9") { e.preventDefault(); reach("act-close"); }
  else if (e.code === "Enter" && e.ctrlKey && e.target.name === "words") { e.preventDefault(); press("act-note"); }
  else if (e.altKey && e.code === "Digit1") { e.preventDefault(); (document.querySelector(".row a") || byId("lists")).focus(); }
  else if (e.altKey && e.code === "Digit2") { e.preventDefault(); (byId("sheet") || byId("main")).focus(); }
  else if (e.altKey && e.code === "Digit3" && byId("place")) { e.preventDefault(); byId("place").focus(); }
  else if ((e.code === "ArrowDown" || e.code === "ArrowUp") && e.target.closest(".row")) {
    const rows = [...document.querySelectorAll(".row a")], to = rows[rows.indexOf(e.target) + (e.code === "ArrowDown" ? 1 : -1)];
    if (to) { e.preventDefault(); to.focus(); }
  }
});
