// Keeps the supervisor's page fresh, and says when it can not.
"use strict";
const EVERY_MS = 3000, OFFLINE_MS = 7000;
let fetchedAt = performance.now();

async function look() {
  if (performance.now() - fetchedAt > OFFLINE_MS) document.getElementById("offline").hidden = false;
  try {
    const reply = await fetch("/supervision?part=live", { signal: AbortSignal.timeout(EVERY_MS) });
    if (reply.redirected) return location.assign("/login");
    if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("room"), old = document.getElementById("room");
    if (!old.contains(document.activeElement)) old.replaceWith(fresh);
    fetchedAt = performance.now();
    document.getElementById("offline").hidden = true;
  } catch { /* the next look says so */ }
}
setInterval(look, EVERY_MS);
