/**
 * Forms marked `data-draft` survive the end of a session: what was filled in rests in this tab until it was taken, and
 * nowhere else. Passwords, files, hidden fields and fields marked `data-secret` are never kept.
 */
import { toast } from "./toast.js";

const PREFIX = "draft:";
const UNKEPT = new Set(["password", "file", "hidden", "submit", "button"]);

function fields(form) {
  return [...form.elements].filter(
    (each) => each.name && !UNKEPT.has(each.type) && !("secret" in each.dataset) && each.tagName !== "FIELDSET",
  );
}

function read(form) {
  return fields(form).map((each) => [each.name, ["checkbox", "radio"].includes(each.type) ? each.checked : each.value]);
}

function write(form, draft) {
  const own = fields(form);
  let changed = false;
  draft.forEach(([name, value], index) => {
    const field = own[index];
    if (field?.name !== name) return;
    const key = ["checkbox", "radio"].includes(field.type) ? "checked" : "value";
    if (field[key] === value) return;
    field[key] = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    changed = true;
  });
  return changed;
}

export function keepDrafts() {
  for (const form of document.querySelectorAll("form[data-draft]")) {
    const key = PREFIX + (form.dataset.draft || location.pathname);
    const kept = sessionStorage.getItem(key);
    if (kept && write(form, JSON.parse(kept))) toast(form.dataset.restored);
    form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(read(form))));
    form.addEventListener("reset", () => sessionStorage.removeItem(key));
  }
  // a page that says that a form was taken ends its draft
  for (const each of document.querySelectorAll("[data-draft-taken]")) sessionStorage.removeItem(PREFIX + each.dataset.draftTaken);
}
