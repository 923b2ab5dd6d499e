// Shows the kept page when nobody can be reached, and notifications when no page is open. Pages themselves are never
// kept: what they say belongs to the moment and to the person.

const KEPT = "lifeboat-1";
const SHELL = "/offline";
const FILES = /(?:href|src)="(\/(?:static\/|htmx\.js)[^"]+)"/g;
const MODULES = ["/static/waiting.js", "/static/push.js", "/static/live.js", "/static/focus.js", "/static/moments.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The shell is fetched as nobody, so that nothing of a person stays in it.
async function keepShell() {
  const kept = await caches.open(KEPT);
  const page = await fetch(SHELL, { credentials: "omit", cache: "no-store" });
  const files = [...(await page.clone().text()).matchAll(FILES)].map((found) => found[1]);
  await kept.put(SHELL, page);
  await kept.addAll([...new Set([...files, ...MODULES])]);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(SHELL)));
  else if (url.pathname.startsWith("/static/") || url.pathname === "/htmx.js") event.respondWith(fresh(request));
});

// From the network while there is one: a new release is seen at once.
async function fresh(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  const options = { body: told.body || "", icon: "/static/icon-192.png", tag: told.notification_id, data: { url: "/notifications" } };
  event.waitUntil(self.registration.showNotification(told.title || "Lifeboat", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
