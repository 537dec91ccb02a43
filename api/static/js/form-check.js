/**
 * Forms with `data-check`: what is wrong is said beside a field while it is filled in, as the service says it; fields
 * that nobody touched are left alone. Tables get rows without a new page.
 */
const PAUSE = 400;

function place(form, name) {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLElement && field.type !== "file" ? field : null;
}

function say(form, field, problem) {
  const box = field.closest(".field");
  const key = `${field.id}-error`;
  const there = document.getElementById(key);
  if (there) there.remove();
  box.classList.toggle("wrong", Boolean(problem));
  const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== key);
  if (problem) {
    const said = document.createElement("p");
    said.className = "error";
    said.id = key;
    said.textContent = `${form.dataset.errorBefore}${problem}`;
    field.before(said);
    described.push(key);
    field.setAttribute("aria-invalid", "true");
  } else field.removeAttribute("aria-invalid");
  if (described.length) field.setAttribute("aria-describedby", described.join(" "));
  else field.removeAttribute("aria-describedby");
}

function checks(form) {
  const touched = new Set();
  let waiting, asked = 0;
  const check = async () => {
    const turn = ++asked, sent = new FormData();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && !name.endsWith(".kept")) sent.append(name, value);
    const answer = await fetch(form.dataset.check, { method: "POST", body: sent, headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    const { problems } = await answer.json();
    for (const name of touched) {
      const field = place(form, name);
      if (field?.closest(".field")) say(form, field, problems[name]);
    }
  };
  const later = (event, seen) => {
    const name = event.target.name?.replace(/\.long$/, "");
    if (!name || event.target.type === "file" || event.target.type === "hidden") return;
    if (seen) touched.add(name);
    if (!touched.has(name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(check, PAUSE);
  };
  form.addEventListener("input", (event) => later(event, false));
  form.addEventListener("change", (event) => later(event, true));
}

function rows(box) {
  const button = box.querySelector("[data-add]"), pattern = box.querySelector("template");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const number = box.querySelectorAll(":scope > [data-row]").length;
    if (number >= Number(box.dataset.most)) return;
    const row = pattern.content.cloneNode(true);
    row.querySelector("legend").append(number + 1);
    for (const each of row.querySelectorAll("*"))
      for (const name of ["id", "name", "for", "aria-describedby"])
        if (each.hasAttribute(name)) each.setAttribute(name, each.getAttribute(name).replaceAll(".__.", `.${number}.`));
    pattern.before(row);
    box.querySelectorAll(":scope > [data-row]")[number].querySelector("input, textarea, select").focus();
  });
}

for (const form of document.querySelectorAll("form[data-check]")) {
  checks(form);
  form.querySelectorAll("[data-rows]").forEach(rows);
}
