/** Takes files that are dropped, and shows how far a large one is; without it, forms are sent as browsers do. */
const LARGE = 4 * 1024 * 1024;

function takesDrops(place) {
  const input = place.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => { event.preventDefault(); place.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.form.requestSubmit();
  });
}

function showsProgress(form) {
  const shown = form.querySelector("[data-progress]");
  const bar = shown.querySelector("progress");
  form.addEventListener("submit", (event) => {
    const file = form.querySelector("input[type=file]").files[0];
    if (!file || file.size < LARGE) return;
    event.preventDefault();
    shown.hidden = false;
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    button.disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.responseType = "document";
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.max = total;
      bar.value = loaded;
    });
    request.upload.addEventListener("load", () => bar.removeAttribute("value"));
    const over = () => { shown.hidden = true; button.disabled = false; };
    request.addEventListener("error", over);
    request.addEventListener("load", () => {
      over();
      if (request.status === 200) return location.assign(request.responseURL);
      const main = request.response?.getElementById("main");
      if (main) document.getElementById("main").replaceChildren(...document.importNode(main, true).childNodes);
    });
    request.send(new FormData(form));
  });
}

for (const place of document.querySelectorAll("[data-drop]")) takesDrops(place);
for (const form of document.querySelectorAll("form[data-upload]")) showsProgress(form);
