// What an operator hears: rising pulses until an alert is taken, falling tones when the link is
// lost. Made by oscillators, no file. One tab sounds for all of a browser; a browser that refuses
// to sound is seen on the page.
"use strict";
const SILENCE_MS = 60000, PULSES = [330, 392, 466, 554, 659], AGAIN = [659, 494, 659], LOST = [440, 220];
const swing = (low, high, times) => Array.from({ length: times * 2 }, (_, n) => n % 2 ? high : low);
// The longer nobody answers, the faster, higher and louder; when, is the server's to say.
const URGENCY = [
  { name: "alert", pitches: PULSES, length: .16, gain: .5, everyMs: 5000 },
  { name: "urgent-1", pitches: swing(523, 659, 3), length: .14, gain: .6, everyMs: 4000 },
  { name: "urgent-2", pitches: swing(587, 784, 4), length: .11, gain: .75, everyMs: 3000 },
  { name: "urgent-3", pitches: swing(659, 932, 5), length: .09, gain: .9, everyMs: 2000 },
];
const SOUNDS = Boolean(document.body.dataset.sounds);
const sound = { context: null, isOurs: false, ringsAt: 0, keys: [], played: [] };

function soundOpen() {
  if (!SOUNDS || !window.AudioContext) return;
  sound.context = new AudioContext();
  sound.context.onstatechange = soundShow;
  soundShow();
}

// A sawtooth has every harmonic: it is heard through noise and by ears that lack a range.
function tones(name, pitches, length = .16, gain = .5) {
  sound.played.push([name, Math.round(performance.now())]);
  if (sound.played.length > 200) sound.played.shift();
  pitches.forEach((pitch, n) => {
    const from = sound.context.currentTime + n * (length + .05), tone = sound.context.createOscillator(), volume = sound.context.createGain();
    tone.type = "sawtooth";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(gain, from + .02);
    volume.gain.setValueAtTime(gain, from + length - .03);
    volume.gain.linearRampToValueAtTime(0, from + length);
    tone.connect(volume).connect(sound.context.destination);
    tone.start(from);
    tone.stop(from + length);
  });
}

const soundRuns = () => Boolean(sound.context) && sound.context.state === "running";
const soundMay = () => soundRuns() && sound.isOurs;

// One of the tabs that may sound does; when it is closed the next one takes its place.
let soundAsked = false;
function soundClaim() {
  if (soundAsked || !soundRuns()) return;
  soundAsked = true;
  if (!navigator.locks) { sound.isOurs = true; return; }
  navigator.locks.request("tgd-sound", () => { sound.isOurs = true; soundShow(); return new Promise(() => {}); });
}

function soundTick(waits) {
  const now = performance.now(), keys = waits.map((one) => one.key);
  if (keys.some((key) => !sound.keys.includes(key))) sound.ringsAt = 0;  // what is new is heard at once
  sound.keys = keys;
  if (keys.length && now >= sound.ringsAt && !silentUntil() && soundMay()) {
    const urgency = URGENCY[Math.min(Math.max(...waits.map((one) => one.level)), URGENCY.length - 1)];
    sound.ringsAt = now + urgency.everyMs;
    tones(urgency.name, urgency.pitches, urgency.length, urgency.gain);
  }
  if (!keys.length) sound.ringsAt = 0;
  soundShow();
}

// Told each minute, and when it changes, by the tab that sounds: a mute console counts for nobody.
const TELL_MS = 50000;  // a hidden page wakes once a minute at most
let toldSound = "", toldSoundAt = 0;
async function soundTell() {
  const held = navigator.locks ? (await navigator.locks.query()).held : [];
  if (!sound.isOurs && held.some((one) => one.name === "tgd-sound")) return;
  const state = soundMay() ? "on" : "blocked", now = performance.now();
  if (state === toldSound && now - toldSoundAt < TELL_MS) return;
  [toldSound, toldSoundAt] = [state, now];
  try {
    const reply = await fetch("/sound/state", { method: "POST", body: new URLSearchParams({ state }), headers: { "x-form-token": document.body.dataset.formToken, accept: "application/json" }, signal: AbortSignal.timeout(5000) });
    if (!reply.ok) toldSound = "";
  } catch { toldSound = ""; /* the link is away: told again in a moment */ }
}
if (SOUNDS) setInterval(soundTell, 3000);

// A press more is heard whatever was silenced before it.
function soundAgain() {
  keepSilence(null);
  sound.ringsAt = 0;
  if (soundMay()) { tones("again", AGAIN); sound.ringsAt = performance.now() + 800; }
}

// F8 silences what waits now, in every tab and on the next page; a new alert, a press more or a
// louder tone is heard all the same. A browser that stores nothing keeps it for this page.
const SILENCE = `tgd-silence-${(document.body.dataset.linkName || "").split("-")[0]}`;
let silence = null;
function keepSilence(said) {
  silence = said;
  try { if (said) localStorage.setItem(SILENCE, JSON.stringify(said)); else localStorage.removeItem(SILENCE); } catch { /* nothing is stored here */ }
}
function silentUntil() {
  try { silence = JSON.parse(localStorage.getItem(SILENCE)); } catch { /* nothing is stored here */ }
  if (!silence) return 0;
  if (Date.now() < silence.until && sound.keys.every((key) => silence.keys.includes(key))) return silence.until;
  keepSilence(null);
  return 0;
}

function soundLost() { if (soundMay()) tones("lost", LOST, .5); }

// F8 once more ends the silence: what waits is heard at once.
function soundSilence() {
  if (!SOUNDS) return;
  if (silentUntil()) return soundAloud();
  keepSilence({ until: Date.now() + SILENCE_MS, keys: sound.keys });
  soundUnwritten(false);
  fetch("/sound/silence", { method: "POST", headers: { "x-form-token": document.body.dataset.formToken, accept: "application/json" }, signal: AbortSignal.timeout(5000) })
    .then((reply) => soundUnwritten(!reply.ok), () => soundUnwritten(true));
  soundShow();
}

function soundAloud() {
  keepSilence(null);
  sound.ringsAt = 0;
  soundShow();
}

// A silence that could not be written down is not kept from the person.
let unwritten = false;
function soundUnwritten(is) { unwritten = is; soundShow(); }

function soundShow() {
  const button = document.getElementById("sound");
  if (!button) return;
  soundClaim();
  const left = Math.ceil((silentUntil() - Date.now()) / 1000), said = document.body.dataset;
  const [state, words] = !soundRuns() ? ["blocked", said.soundBlocked] : left > 0 ? ["silent", `${said.soundSilent} ${left} s${unwritten ? said.soundUnwritten : ""}${said.soundBack}`] : ["on", said.soundOn];
  button.hidden = false;
  if (button.textContent !== words) { button.textContent = words; button.className = `chip sound ${state}`; }
}

async function soundTest() {
  if (soundRuns() && silentUntil()) return soundAloud();
  await sound.context.resume();
  keepSilence(null);
  soundShow();
  tones("test", PULSES);
}

if (document.getElementById("sound")) document.getElementById("sound").addEventListener("click", soundTest);
document.addEventListener("keydown", (e) => { if (e.code === "F8") { e.preventDefault(); soundSilence(); } });
// Any gesture arms it: the browser only refuses what nobody asked for. Alt alone is none.
const soundAsks = () => !navigator.userActivation || navigator.userActivation.hasBeenActive;
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => { if (sound.context && !soundRuns() && soundAsks()) sound.context.resume(); });
soundOpen();
