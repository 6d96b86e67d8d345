// On the page of an outage: as soon as the console and its record answer, back to what lives and rings.
"use strict";
(() => {
  const back = document.querySelector("[data-again]");
  if (!back) return;
  const look = async () => {
    try {
      const reply = await fetch("/", { redirect: "manual", signal: AbortSignal.timeout(5000) });
      if (reply.ok || reply.type === "opaqueredirect") return location.assign(back.dataset.again);
    } catch { /* still away */ }
    setTimeout(look, 3000);
  };
  setTimeout(look, 3000);
})();
