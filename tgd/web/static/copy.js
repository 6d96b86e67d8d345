// Copies where she is as a map or a radio takes it. Where a browser gives no clipboard (plain http),
// the old way by a selection.
"use strict";
const shownCopies = () => { for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false; };

async function copied(text) {
  if (navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here: the old way */ }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy]");
  if (!button) return;
  const done = await copied(button.dataset.copy), said = button.parentElement.querySelector(".copied");
  button.focus({ preventScroll: true });
  said.textContent = done ? said.dataset.done : said.dataset.failed;
  setTimeout(() => { said.textContent = ""; }, 5000);
});
// the sheet is renewed beneath the page: what is new has a button as well
new MutationObserver(shownCopies).observe(document.getElementById("sheet"), { childList: true });
shownCopies();
