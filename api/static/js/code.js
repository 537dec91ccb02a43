/** Counts a code's seconds down, asks for the next before it ends, and keeps the screen awake. */
const left = document.querySelector("[data-seconds]");
const ends = Date.now() + Number(left.dataset.seconds) * 1000;
const timer = setInterval(() => {
  const seconds = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  left.textContent = seconds;
  if (seconds <= 1 && !document.hidden) {
    clearInterval(timer);
    document.getElementById("renew").requestSubmit();
  }
}, 500);
navigator.wakeLock?.request("screen").catch(() => {});
