// What an operator hears: rising pulses until an alert is taken, falling tones when the link is
// lost. Made by oscillators, no file. One tab sounds for all of a browser; a browser that refuses
// to sound is seen on the page.
"use strict";
const EVERY_MS = 5000, SILENCE_MS = 60000, PULSES = [330, 392, 466, 554, 659], AGAIN = [659, 494, 659], LOST = [440, 220];
const SOUNDS = Boolean(document.body.dataset.sounds);
const sound = { context: null, isOurs: false, ringsAt: 0, silentUntil: 0, played: [] };

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

function soundTick(waiting) {
  const now = performance.now();
  if (waiting && now >= sound.ringsAt && now >= sound.silentUntil && soundMay()) {
    sound.ringsAt = now + EVERY_MS;
    tones("alert", PULSES);
  }
  if (!waiting) sound.ringsAt = 0;
  soundShow();
}

// A new alert, or a press more, is heard whatever was silenced before it.
function soundNews(isAgain) {
  sound.silentUntil = 0;
  sound.ringsAt = 0;
  if (isAgain && soundMay()) { tones("again", AGAIN); sound.ringsAt = performance.now() + 800; }
}

function soundLost() { if (soundMay()) tones("lost", LOST, .5); }

function soundSilence() {
  if (!SOUNDS) return;
  sound.silentUntil = performance.now() + SILENCE_MS;
  fetch("/sound/silence", { method: "POST", headers: { "x-form-token": document.body.dataset.formToken, accept: "application/json" } });
  soundShow();
}

function soundShow() {
  const button = document.getElementById("sound");
  if (!button) return;
  soundClaim();
  const left = Math.ceil((sound.silentUntil - performance.now()) / 1000), said = document.body.dataset;
  const [state, words] = !soundRuns() ? ["blocked", said.soundBlocked] : left > 0 ? ["silent", `${said.soundSilent} ${left} s`] : ["on", said.soundOn];
  button.hidden = false;
  if (button.textContent !== words) { button.textContent = words; button.className = `chip sound ${state}`; }
}

async function soundTest() {
  await sound.context.resume();
  sound.silentUntil = 0;
  soundShow();
  tones("test", PULSES);
}

if (document.getElementById("sound")) document.getElementById("sound").addEventListener("click", soundTest);
document.addEventListener("keydown", (e) => { if (e.code === "F8") { e.preventDefault(); soundSilence(); } });
// Any gesture arms it: the browser only refuses what nobody asked for.
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => { if (sound.context && !soundRuns()) sound.context.resume(); });
soundOpen();
