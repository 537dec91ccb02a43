/**
 * Forms marked `data-draft` survive the end of a session: what was filled in rests in this tab until it was taken, and
 * nowhere else, for nobody but who filled it in. Passwords, files, hidden fields and fields marked `data-secret` are
 * never kept. A draft is over when a page says so (`data-draft-taken`), when its dialog is closed, and, of a form with
 * `data-one-step`, when it was sent and no page came that says what went wrong.
 */
import { toast } from "./toast.js";
import { isTouched } from "./touched.js";

const PREFIX = "draft:";
const SENT = "draft-sent";
const READER = "draft-reader";
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
    // what was filled in on this page, before this was loaded, is newer than the draft
    if (field?.name !== name || isTouched(field)) return;
    const key = ["checkbox", "radio"].includes(field.type) ? "checked" : "value";
    if (field[key] === value) return;
    field[key] = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    changed = true;
  });
  return changed;
}

function forgetAll() {
  for (const each of Object.keys(sessionStorage).filter((each) => each.startsWith(PREFIX))) sessionStorage.removeItem(each);
}

/** What one reader filled in is not for the next one at the same screen. */
function forOneReader() {
  const { reader } = document.body.dataset;
  if (!reader) return;
  if (sessionStorage.getItem(READER) !== reader) forgetAll();
  sessionStorage.setItem(READER, reader);
  for (const form of document.querySelectorAll("form[data-forgets]")) form.addEventListener("submit", forgetAll);
}

export function keepDrafts() {
  forOneReader();
  const forms = [...document.querySelectorAll("form[data-draft]")];
  const keyOf = (form) => PREFIX + (form.dataset.draft || location.pathname);
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  if (sent && !document.querySelector("main [role=alert]")) sessionStorage.removeItem(sent);
  // a page that says that a form was taken ends its draft
  for (const each of document.querySelectorAll("[data-draft-taken]")) sessionStorage.removeItem(PREFIX + each.dataset.draftTaken);
  for (const form of forms) {
    const key = keyOf(form), dialog = form.closest("dialog");
    const kept = sessionStorage.getItem(key);
    if (kept && write(form, JSON.parse(kept))) {
      if (dialog && !document.querySelector("dialog[open]")) dialog.showModal();
      toast(form.dataset.restored);
    }
    const keep = () => sessionStorage.setItem(key, JSON.stringify(read(form)));
    if (fields(form).some(isTouched)) keep();
    form.addEventListener("input", keep);
    if ("oneStep" in form.dataset) form.addEventListener("submit", () => sessionStorage.setItem(SENT, key));
    form.addEventListener("reset", () => sessionStorage.removeItem(key));
    dialog?.addEventListener("close", () => sessionStorage.removeItem(key));
  }
}
