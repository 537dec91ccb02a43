/** Draws the seal of a form while it is filled in: the server draws, at most a few times a second. */
import { isTouched } from "./touched.js";

const PAUSE = 350;
const form = document.querySelector("form[data-artwork]");
const shown = document.querySelector("[data-drawn]");
const picture = shown.querySelector("img");
const said = shown.querySelector("[role=status]");
let timer;
let asked;

async function draw() {
  asked?.abort();
  asked = new AbortController();
  shown.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.artwork, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, signal: asked.signal,
    });
    const found = await answer.json();
    if (answer.ok) picture.src = found.picture;
    picture.hidden = !answer.ok;
    said.textContent = answer.ok ? found.size : found.detail;
    said.classList.toggle("error", !answer.ok);
    shown.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = shown.dataset.offline;
  }
}

function later(event) {
  if (event.target.matches("[data-drawing]")) {
    clearTimeout(timer);
    timer = setTimeout(draw, PAUSE);
  }
}

form.addEventListener("input", later);
form.addEventListener("change", later);
document.querySelector("[data-draws]").hidden = true;
// what was filled in before this was loaded counts too
if ([...form.querySelectorAll("[data-drawing]")].some(isTouched)) draw();
