// A camera reads the code on a handset or its box into the field; without one, a person types it.
"use strict";
(() => {
  const fields = document.querySelectorAll("input[data-scan]");
  if (!fields.length || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39", "ean_13"];
  const LOOK_EVERY_MS = 200;

  // Of all that a code may hold, the fifteen or sixteen digits that name a handset.
  const numberIn = (said) => said.replace(/[ ./-]/g, "").match(/(?<!\d)\d{15,16}(?!\d)/)?.[0] ?? said.trim();

  const read = async (field) => {
    const window_ = document.createElement("dialog");
    const video = document.createElement("video");
    const words = document.createElement("p");
    const close = document.createElement("button");
    window_.className = "scanner";
    window_.setAttribute("aria-label", field.dataset.scan);
    video.muted = video.playsInline = true;
    words.setAttribute("role", "status");
    words.textContent = field.dataset.scanWait;
    close.type = "button";
    close.textContent = field.dataset.scanClose;
    window_.append(video, words, close);
    document.body.append(window_);
    let stream = null;
    const end = () => {
      stream?.getTracks().forEach((track) => track.stop());
      window_.remove();
      field.focus();
    };
    close.addEventListener("click", () => window_.close());
    window_.addEventListener("close", end);
    window_.showModal();
    try {
      const detector = new BarcodeDetector({ formats: FORMATS });
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!window_.open) return end();
      video.srcObject = stream;
      await video.play();
      const look = async () => {
        if (!window_.open) return;
        const found = await detector.detect(video).catch(() => []);
        if (!found.length) return void setTimeout(look, LOOK_EVERY_MS);
        field.value = numberIn(found[0].rawValue).slice(0, field.maxLength > 0 ? field.maxLength : undefined);
        field.dispatchEvent(new Event("input", { bubbles: true }));
        window_.close();
      };
      look();
    } catch {
      words.textContent = field.dataset.scanNone; // no camera, or it is not allowed
    }
  };

  fields.forEach((field) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = field.dataset.scan;
    button.addEventListener("click", () => read(field));
    field.closest("label").after(button);
  });
})();
