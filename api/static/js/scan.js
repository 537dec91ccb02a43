/**
 * Reads a QR code by the camera into a field, and sends its form. Where the browser reads no codes itself, frames go to
 * the server, one at a time. Nothing is shown where there is no camera.
 */
const BETWEEN_FRAMES = 700;
const GIVES_UP_AFTER = 60_000;
const WIDEST = 1280;

const dialog = document.getElementById("scanner");
const video = dialog.querySelector("video");
const said = dialog.querySelector("[data-said]");
let stream = null;
let field = null;

const say = (what) => { said.textContent = said.dataset[what]; };

async function detector() {
  if (!("BarcodeDetector" in window)) return null;
  const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return known.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

async function readBy(own) {
  if (own) return (await own.detect(video).catch(() => []))[0]?.rawValue;
  const scale = Math.min(1, WIDEST / video.videoWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const frame = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.8); });
  const answer = await fetch("/check/frame", { method: "POST", body: frame, headers: { "Content-Type": "image/jpeg" } });
  return answer.status === 200 ? (await answer.json()).text : null;
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
}

async function look() {
  const own = await detector();
  const ends = Date.now() + GIVES_UP_AFTER;
  const mine = stream;
  while (mine && stream === mine && Date.now() < ends) {
    const text = video.videoWidth ? await readBy(own).catch(() => null) : null;
    if (stream !== mine) return;
    if (text) {
      say("found");
      field.value = text;
      dialog.close();
      field.form.requestSubmit();
      return;
    }
    await new Promise((done) => { setTimeout(done, own ? BETWEEN_FRAMES / 4 : BETWEEN_FRAMES); });
  }
  if (stream === mine) { stop(); say("long"); }
}

async function open(chosen) {
  field = chosen;
  say("looking");
  dialog.showModal();
  try {
    const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: WIDEST } } });
    stream = opened;
    if (!dialog.open) return stop();
    video.srcObject = stream;
    await video.play();
    await look();
  } catch (error) {
    stop();
    say(error.name === "NotAllowedError" ? "refused" : "none");
  }
}

async function camera() {
  const found = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  return found?.some((each) => each.kind === "videoinput");
}

dialog.addEventListener("close", stop);
if (await camera()) {
  for (const place of document.querySelectorAll("[data-scans]")) {
    place.hidden = false;
    place.querySelector("button").addEventListener("click", () => open(document.getElementById(place.dataset.scans)));
  }
}
