// What is being written about an alert outlives the lock of the screen, a page more and a reload. It
// lies sealed in this tab's own storage (AES-GCM); the key comes with each page that is not locked,
// so that only the same person, with the password, reads it again.
"use strict";
const WRITTEN = "tgd-written", WORDS_KEPT_MS = 14 * 3600000;
// The outcome goes with the reason; a password, a number or a tick is typed again.
const WORDS_FIELDS = "main form[method=post] textarea[name], main form[method=post] input[name=reason], main form[method=post] select[name=outcome]";
const arrivedBy = performance.getEntriesByType("navigation")[0];
const wordsKey = window.crypto && crypto.subtle && document.body.dataset.wordsKey ? madeKey(document.body.dataset.wordsKey) : null;
delete document.body.dataset.wordsKey;
let writtenDown = Promise.resolve(), sentTo = "";
// A page that has just been locked is left once the last key is written down.
also.leaving = () => writtenDown;

async function madeKey(secret) {
  const raw = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

// Which field of which form: the address that it is sent to tells alerts apart, on whatever page.
const fieldName = (field) => `${new URL(field.form.action).pathname}|${field.name}`;
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const text64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

// Another person's, and what is older than any session, is no longer there.
function kept() {
  let found = null;
  try { found = JSON.parse(sessionStorage.getItem(WRITTEN)); } catch { /* nothing is stored here */ }
  if (!found || found.browser !== browser) return {};
  return Object.fromEntries(Object.entries(found.fields).filter(([, one]) => Date.now() - one.at < WORDS_KEPT_MS));
}

function keep(fields) {
  try {
    if (Object.keys(fields).length) sessionStorage.setItem(WRITTEN, JSON.stringify({ browser, fields }));
    else sessionStorage.removeItem(WRITTEN);
  } catch { /* nothing is stored here: a lock then takes what was written */ }
}

async function writeDown(field) {
  const name = fieldName(field), words = field.value;
  if (!words.trim()) { const fields = kept(); delete fields[name]; keep(fields); return; }
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) }, await wordsKey, new TextEncoder().encode(words));
  keep({ ...kept(), [name]: { iv: text64(iv), sealed: text64(sealed), at: Date.now(), sent: name.startsWith(`${sentTo}|`) } });
}

async function opened(name, one) {
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(one.iv), additionalData: new TextEncoder().encode(name) }, await wordsKey, bytes(one.sealed)));
  } catch { return null; }
}

// A form that was acted on leads on to another page; what a lock, a refusal or a fault answered stays.
function forgetWhatWasDone() {
  const done = wordsKey && arrivedBy && arrivedBy.redirectCount > 0 && arrivedBy.type !== "back_forward", fields = kept();
  for (const [name, one] of Object.entries(fields)) if (one.sent) { if (done) delete fields[name]; else one.sent = false; }
  keep(fields);
}

async function giveBack() {
  forgetWhatWasDone();
  const fields = kept();
  if (document.getElementById("written-kept")) document.getElementById("written-kept").hidden = !Object.keys(fields).length;
  if (!wordsKey) return;
  let back = 0;
  for (const field of document.querySelectorAll(WORDS_FIELDS)) {
    const name = fieldName(field), one = fields[name];
    if (!one || field.value.trim()) continue;
    const words = await opened(name, one);
    if (words === null) { const left = kept(); delete left[name]; keep(left); }
    // the sheet may have been renewed meanwhile: whichever field stands there now
    for (const same of words === null ? [] : document.querySelectorAll(WORDS_FIELDS)) if (fieldName(same) === name && !same.value.trim()) { same.value = words; back += 1; }
  }
  document.getElementById("written-back").hidden = !back;
}

if (wordsKey) document.addEventListener("input", (e) => {
  if (e.target.matches(WORDS_FIELDS)) writtenDown = writtenDown.then(() => writeDown(e.target));
});
document.addEventListener("submit", (e) => {
  if (e.defaultPrevented) return;
  sentTo = new URL(e.target.action).pathname;
  const fields = sentTo === "/logout" ? {} : kept();
  for (const [name, one] of Object.entries(fields)) one.sent = name.startsWith(`${sentTo}|`);
  keep(fields);
});
// What leads on to a lock or to the door was not acted on.
also.done = (form, to) => {
  const path = new URL(form.action).pathname;
  if (to === "/" || to.startsWith("/?") || to.startsWith("/login")) return;
  keep(Object.fromEntries(Object.entries(kept()).filter(([name]) => !name.startsWith(`${path}|`))));
};
document.addEventListener("DOMContentLoaded", giveBack);
