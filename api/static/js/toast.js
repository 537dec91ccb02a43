/** Says in passing that something was done; read out by screen readers. */
const SECONDS = 6;

export function toast(text) {
  const said = document.createElement("p");
  said.className = "toast";
  said.textContent = text;
  document.querySelector(".toasts").append(said);
  setTimeout(() => said.remove(), SECONDS * 1000);
}
