// Keeps the supervisor's page fresh, and says when it can not.
"use strict";
const LOOK_EVERY_MS = 3000, OLD_MS = 6500;
let fetchedAt = performance.now();

async function look() {
  try {
    const reply = await fetch("/supervision?part=live", { signal: AbortSignal.timeout(LOOK_EVERY_MS) });
    if (reply.redirected) return location.assign("/login");
    if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("room"), old = document.getElementById("room");
    // whoever is at a link or a button of it stays there: a room that stands still looks alive
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(fresh);
    const to = at && [...fresh.querySelectorAll(at.localName)].find((one) => whereTo(one) === whereTo(at));
    if (to) to.focus({ preventScroll: true });
    fetchedAt = performance.now();
    document.getElementById("room-old").hidden = true;
  } catch { /* the next look says so */ }
}
const whereTo = (one) => one.getAttribute("href") || (one.form ? one.form.getAttribute("action") : "");
setInterval(look, LOOK_EVERY_MS);
setInterval(() => { if (performance.now() - fetchedAt > OLD_MS) document.getElementById("room-old").hidden = false; }, 250);
