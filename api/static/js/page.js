/** What every page does: dialogs, tables, drafts of forms, copying. */
import { keepDrafts } from "./drafts.js";
import { liveTables } from "./tables.js";
import { toast } from "./toast.js";

/**
 * Dialogs open over the page. Without this script their buttons ask for the page with the dialog open in it (`?do=`),
 * and a page that comes with an open dialog, as after a refusal, shows it as one here.
 */
function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    const dialog = opener ? document.getElementById(opener.dataset.opens) : event.target.closest?.("[data-closes]")?.closest("dialog");
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    if (opener) dialog.showModal();
    else dialog.close();
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("close", () => {
      const address = new URL(location.href);
      address.searchParams.delete("do");
      address.hash = "";
      history.replaceState(history.state, "", address);
    });
    if (dialog.open) {
      dialog.removeAttribute("open");
      dialog.showModal();
    }
  }
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

dialogs();
copyButtons();
sendOnce();
leadToErrors();
keepDrafts();
liveTables();
