/** Shows how a licence type looks while its definition or template is written, and what is wrong with it and where. */
import { isTouched } from "./touched.js";

const PAUSE = 900;
const form = document.querySelector("form[data-live]");
const picture = form.querySelector("[data-picture]");
const problem = form.querySelector("[data-problem]");
const status = form.querySelector("[data-working]");
let waiting, asked = 0;

async function draw() {
  const turn = ++asked;
  status.textContent = status.dataset.working;
  const answer = await fetch(form.dataset.live, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" } }).catch(() => null);
  if (turn !== asked) return;
  status.textContent = "";
  if (!answer?.ok) return;
  const found = await answer.json();
  problem.replaceChildren();
  if (found.problem) {
    const box = document.createElement("div"), said = document.createElement("p");
    box.className = "notice fail";
    said.className = "lines";
    said.textContent = found.problem;
    box.append(said);
    problem.append(box);
  } else {
    picture.src = found.picture;
    picture.parentElement.hidden = false;
    status.textContent = status.dataset.fresh;
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(draw, PAUSE);
});
// what was written before this was loaded counts too
if ([...form.querySelectorAll("textarea")].some(isTouched)) draw();
