/**
 * The wallet's service worker. It keeps two things on the telephone: the styles of one page, and that page, which says
 * which licences there are, masked, and as of when. It is shown when the network drops. Nothing that could be shown to
 * somebody as a licence is kept. It goes with signing out, with the end of the session, and after half a day.
 */
const KEPT = "wallet-kept";
const STYLES = "wallet-styles";
const PAGE = "/wallet/kept";
const AT = "X-Kept-At";
const LONGEST = 12 * 3600 * 1000;
let turn = 0;

async function forget() {
  turn += 1;
  await caches.delete(KEPT);
}

/** Keeps the page as it is now. What was forgotten meanwhile is not brought back. */
async function keep() {
  const own = turn;
  const answer = await fetch(PAGE, { credentials: "same-origin", redirect: "manual", headers: { Accept: "text/html" } });
  if (!answer.ok) return forget();
  const text = await answer.text();
  const wanted = new Set(text.match(/\/static\/[^"'\s]+\?v=[0-9a-f]{12}/g));
  const styles = await caches.open(STYLES);
  for (const each of wanted) if (!(await styles.match(each))) await styles.add(each);
  for (const each of await styles.keys()) {
    const address = new URL(each.url);
    if (!wanted.has(address.pathname + address.search)) await styles.delete(each);
  }
  const headers = new Headers(answer.headers);
  headers.set(AT, String(Date.now()));
  if (own === turn) await (await caches.open(KEPT)).put(PAGE, new Response(text, { headers }));
  return undefined;
}

async function kept() {
  const page = await (await caches.open(KEPT)).match(PAGE);
  if (!page) return undefined;
  const age = Date.now() - Number(page.headers.get(AT));
  if (age >= 0 && age < LONGEST) return page;
  await forget();
  return undefined;
}

async function visit(event) {
  try {
    const answer = await fetch(event.request);
    // sent to sign in: the session is over
    if (answer.type === "opaqueredirect" || answer.status === 401) event.waitUntil(forget());
    return answer;
  } catch {
    return (await kept()) ?? Response.error();
  }
}

async function style(request) {
  return (await (await caches.open(STYLES)).match(request)) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(skipWaiting()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(keep().catch(() => {}));
  if (event.data === "forget") event.waitUntil(forget());
});
addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (address.pathname.startsWith("/static/") && address.search.startsWith("?v=")) event.respondWith(style(request));
});
