// What is done about an alert is sent beneath the page. When no answer comes, or the server fails,
// the page stays as it is, with its list, its sound and what was written, says that nothing is
// confirmed, and the same form may be sent again: its word lets it be done once at most.
"use strict";
const SENT_MS = 8000, OF_THE_ROOM = /^\/(alerts|take-next|shift|technical|exercises)(\/|$)/;

document.addEventListener("submit", (e) => {
  const form = e.target;
  if (e.defaultPrevented || form.method !== "post" || !OF_THE_ROOM.test(new URL(form.action).pathname)) return;
  if (form.dataset.plainly) { delete form.dataset.plainly; return; }
  e.preventDefault();
  send(form, e.submitter);
});

async function send(form, submitter) {
  let reply = null;
  try {
    reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, submitter)), headers: { accept: "text/html", "x-sent-by": "script" }, signal: AbortSignal.timeout(SENT_MS) });
  } catch { /* nobody is there, or nobody says anything */ }
  const to = reply && reply.headers.get("x-leads-to"), isLost = !to && (!reply || reply.status >= 500);
  byId("not-sent").hidden = !isLost;
  delete form.dataset.sent;
  if (to) { also.done(form, to); return location.assign(to); }
  if (isLost) return soundLost();
  // A refusal has a page of its own, with the sentence and what was written.
  form.dataset.plainly = "1";
  form.requestSubmit(submitter);
}
