/** Follows a batch: moves its progress by itself, and shows the page anew when its state is another. */
const EVERY = 2000;
const box = document.querySelector("[data-progress]");
const bar = box.querySelector("progress");
let before = null;

async function follow() {
  if (!document.hidden) {
    const answer = await fetch(box.dataset.progress, { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok) {
      const now = await answer.json();
      if (before !== null && now.state !== before) {
        location.reload();
        return;
      }
      before = now.state;
      bar.max = now.lines || 1;
      bar.value = now.finished;
      box.querySelector("[data-finished]").textContent = now.finished;
      box.querySelector("[data-lines]").textContent = now.lines;
      const share = box.querySelector(".progress p span:last-child");
      share.textContent = `${Math.round((100 * now.finished) / (now.lines || 1))}%`;
    } else if (answer?.status === 401) return;
  }
  setTimeout(follow, EVERY);
}
follow();
