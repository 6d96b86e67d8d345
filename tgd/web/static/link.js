// The one stream of a browser: facts by EventSource, a watchdog on the server's beat, catch-up by
// /sync. Runs as a SharedWorker for all tabs of one session, or in the page where there is none.
"use strict";
// Said within 3 s and 7 s of the last beat; a beat comes every 1.5 s, and may be late by 1.3 s.
const LATE_MS = 2800, OFF_MS = 6500, BEHIND_MS = 1500, AGAIN_MS = 3000, LOOK_MS = 100, SYNC_MS = 5000, UNSEEN_MS = 6000;

class Link {
  constructor(since, language, browser, tell) {
    Object.assign(this, { last: since, language, browser, tell, heardAt: performance.now(), behindSince: null, state: "good", beat: null, shown: null, telling: false });
    this.connect();
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  connect() {
    this.triedAt = performance.now();
    if (this.source) this.source.close();
    this.source = new EventSource(`/events?since=${this.last}&lang=${this.language}`);
    this.source.addEventListener("facts", (e) => this.facts(JSON.parse(e.data)));
    this.source.addEventListener("beat", (e) => this.beaten(JSON.parse(e.data)));
    this.source.addEventListener("bye", () => this.over());
  }

  facts(said) {
    this.last = Math.max(this.last, said.seq);
    this.tell({ kind: "facts", rows: said.rows, seq: said.seq });
  }

  beaten(said) {
    if (said.browser !== this.browser) return this.bye();  // somebody else has signed in here
    this.heardAt = performance.now();
    this.beat = { kind: "beat", seq: said.seq, now: said.now, channels: said.channels, locked: said.locked, lost: said.lost, toMend: said.to_mend, missing: said.missing, looks: said.looks, words: said.words, at: Date.now() };
    this.tell(this.beat);
    this.look();
    // The journal moved and no fact came: most moves change no row, one look makes sure.
    if (said.seq <= this.last) this.behindSince = null;
    else if (this.behindSince === null) this.behindSince = performance.now();
    else if (performance.now() - this.behindSince > BEHIND_MS) { this.behindSince = null; this.sync(); }
  }

  // Everything since a number in one reply: for all, or for one page that has just come.
  async sync(since = this.last, tell = null) {
    this.triedAt = performance.now();
    try {
      const reply = await fetch(`/sync?since=${since}&lang=${this.language}`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(SYNC_MS) });
      if (reply.status === 401) return this.bye();
      if (!reply.ok) return;
      const said = await reply.json();
      if (said.browser !== this.browser) return this.bye();
      if (tell) return tell({ kind: "facts", rows: said.rows, seq: said.seq });
      this.facts(said);
      this.beaten(said);
    } catch { /* offline, or an answer that hangs: the watchdog says so, and asks again */ }
  }

  // Which alerts stand on the screens of this browser: said when that changes, one after the other;
  // the beats of the stream keep it true. What could not be said is said with the next sign.
  async shows(alerts, token) {
    const now = [...new Set(alerts)].sort().join(" ");
    if (!token || this.telling || this.shown === now || this.state !== "good") return;
    this.telling = true;
    try {
      const reply = await fetch("/looks", { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams({ form_token: token, alerts: now }), signal: AbortSignal.timeout(SYNC_MS) });
      if (reply.ok) this.shown = now;
    } catch { /* offline: the watchdog says so */ } finally { this.telling = false; }
  }

  look() {
    const silent = performance.now() - this.heardAt, state = silent > OFF_MS ? "off" : silent > LATE_MS ? "slow" : "good";
    if (state !== this.state) { this.state = state; this.shown = null; this.tell({ kind: "state", state }); }
    if (state !== "good" && performance.now() - this.triedAt > AGAIN_MS) { this.connect(); this.sync(); }
  }

  check() {
    if (performance.now() - this.heardAt > LATE_MS) { this.connect(); this.sync(); }
  }

  // A page has come, or is back: what it should know already, and what it has missed.
  welcome(since, tell) {
    if (this.beat) tell({ ...this.beat, locked: false });  // it may have been unlocked since
    tell({ kind: "state", state: this.state });
    this.sync(since, tell);  // numbers are given before they are committed: lower ones may have come since
    this.check();
  }

  // The token of this stream is worth nothing any more; the browser may have a new one already.
  async over() {
    this.source.close();
    await this.sync();
    if (this.timer) this.connect();
  }

  bye() { this.close(); this.tell({ kind: "bye" }); }
  close() { clearInterval(this.timer); this.timer = null; this.source.close(); }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const ports = new Set(), screens = new Map();  // what each page shows, and when it said so
  let link = null, token = "";
  const all = (said) => {
    for (const port of ports) port.postMessage(said);
    if (said.kind === "bye") { link = null; ports.clear(); screens.clear(); }
  };
  // a page that is frozen or dead says nothing any more: nobody looks at it
  const shown = () => [...screens.values()].filter((one) => one.alert && performance.now() - one.at < UNSEEN_MS).map((one) => one.alert);
  setInterval(() => {
    for (const port of ports) port.postMessage({ kind: "here" });
    if (link && screens.size) link.shows(shown(), token);
  }, 1000);
  self.onconnect = (e) => {
    const port = e.ports[0];
    port.onmessage = ({ data }) => {
      if (data.kind === "leave") {
        ports.delete(port);
        screens.delete(port);
        if (!ports.size && link) { link.close(); link = null; }
        return;
      }
      if (data.kind === "shows") {
        token = data.token;
        screens.set(port, { alert: data.alert, at: performance.now() });
        if (link) link.shows(shown(), token);
        return;
      }
      ports.add(port);
      if (link) link.welcome(data.since, (said) => port.postMessage(said));
      else link = new Link(data.since, data.language, data.browser, all);
    };
  };
}
