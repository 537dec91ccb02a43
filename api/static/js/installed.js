/** The wallet's pages with a service worker: keeps the masked list for when the network drops, and says when it has. */
const band = document.querySelector("[data-offline]");

function tell() {
  if (band) band.hidden = navigator.onLine;
}

async function install() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/wallet/worker.js", { scope: "/wallet", type: "module" });
  const { active } = await navigator.serviceWorker.ready;
  if (location.pathname === "/wallet") active.postMessage("keep");
}

addEventListener("online", tell);
addEventListener("offline", tell);
tell();
// without one, as in a private window, the wallet works as before
install().catch(() => {});
