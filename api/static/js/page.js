/** What every page does: dialogs in browsers without commands of their own, tables, drafts of forms, copying. */
import { keepDrafts } from "./drafts.js";
import { liveTables } from "./tables.js";
import { toast } from "./toast.js";

/** Open and close dialogs by their buttons where the browser knows no `command`. */
function commandDialogs() {
  if ("commandForElement" in HTMLButtonElement.prototype) return;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

/** `<button data-copy="text" data-done="Copied">` */
function copyButtons() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(button.dataset.done);
  });
}

/** A form that was sent is not sent again by a second click. */
function sendOnce() {
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method === "dialog") return;
    const button = event.submitter;
    // a download leaves the page as it is
    if (button && !("downloads" in button.dataset)) setTimeout(() => { button.disabled = true; });
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form button:disabled:not([data-waits])")) button.disabled = false;
  });
}

/** The first field that is wrong, or what went wrong, is where one reads on. */
function leadToErrors() {
  const wrong = document.querySelector(".field.wrong .input, .field.wrong input");
  if (wrong) wrong.focus();
}

commandDialogs();
copyButtons();
sendOnce();
leadToErrors();
keepDrafts();
liveTables();
