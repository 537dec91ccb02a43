/**
 * A code on the screen: counts down, says when it was used, ran out or the network is lost, is replaced before it runs
 * out while somebody looks at it, and keeps the screen awake as long as it counts for something.
 */
const ASK_EVERY = 2500;
const shown = document.querySelector(".shown");
const picture = shown.querySelector("img");
const said = shown.querySelector("[data-state]");
const left = shown.querySelector("[data-left]");
const bar = shown.querySelector("progress");
const renews = "renews" in shown.dataset;
const form = document.getElementById("renew");
let number = shown.dataset.code;
let ends = Date.now() + Number(shown.dataset.seconds) * 1000;
let over = false;
let asking = false;
let lock;

function say(text, look) {
  if (said.textContent === text) return;
  said.textContent = text;
  shown.dataset.look = look;
}

async function stayAwake() {
  if (over || document.hidden) return;
  try { lock = await navigator.wakeLock?.request("screen"); } catch { lock = undefined; }
}

/** The code counts for nothing any more. */
function end(text, look) {
  over = true;
  left.textContent = 0;
  bar.value = 0;
  picture.classList.add("spent");
  lock?.release();
  say(text, look);
}

function show(made) {
  number = made.number;
  picture.src = made.picture;
  picture.classList.remove("spent");
  ends = Date.now() + made.seconds * 1000;
  over = false;
  say("", "");
  stayAwake();
}

/** The next code in place of this one. */
async function renew() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" }, redirect: "error" });
    if (answer.ok) show(await answer.json());
    // whatever is wrong, the page itself tells
    else form.submit();
  } catch {
    say(shown.dataset.lost, "unsure");
  } finally {
    asking = false;
  }
}

/** What became of the code. */
async function ask() {
  if (!renews || over || asking || document.hidden) return;
  const about = number;
  try {
    const answer = await fetch(`/wallet/codes/${about}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || about !== number) return;
    const { state, by } = await answer.json();
    if (state === "used") end(`${shown.dataset.used} ${by}`, "pass");
    else if (!over) say("", "");
  } catch {
    if (!over) say(shown.dataset.lost, "unsure");
  }
}

function tick() {
  if (over) return;
  const seconds = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  left.textContent = renews || seconds < 60 ? seconds : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  bar.value = seconds;
  if (renews && seconds <= 3 && !document.hidden && navigator.onLine) renew();
  if (seconds === 0) end(navigator.onLine || !renews ? shown.dataset.over : shown.dataset.lostOver, "fail");
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  renew();
});
const full = shown.querySelector("[data-full]");
if (document.fullscreenEnabled) {
  full.hidden = false;
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  stayAwake();
  tick();
  if (renews && over && shown.dataset.look === "fail" && navigator.onLine) renew();
});
addEventListener("offline", () => over || say(renews ? shown.dataset.lost : "", "unsure"));
addEventListener("online", () => { if (renews && over && shown.dataset.look === "fail") renew(); });
setInterval(tick, 500);
setInterval(ask, ASK_EVERY);
tick();
stayAwake();
