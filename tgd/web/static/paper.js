// Keeps the sheet on paper fresh. When the console does not answer, the last one stays: that is the
// hour that it is for. When the screen is locked or the session over, nothing of it stays.
"use strict";
const paper = document.querySelector(".paper");

async function renew() {
  let reply;
  try { reply = await fetch(location.pathname, { redirect: "manual", signal: AbortSignal.timeout(30000) }); } catch { return; }
  if (reply.type === "opaqueredirect" || (reply.status >= 400 && reply.status < 500)) { paper.replaceChildren(); location.reload(); return; }
  if (!reply.ok) return;
  let text;
  try { text = await reply.text(); } catch { return; }
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".paper");
  if (fresh) paper.replaceChildren(...fresh.childNodes);
}

setInterval(renew, Number(paper.dataset.freshForS) * 1000);
