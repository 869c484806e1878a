// Shows a page of the kiosk's own when the console can't be reached, and does nothing else. It keeps
// that page with its style, script and icon; they were asked for without cookies. No page of a person
// ever comes here to stay: what the network answers is handed on and forgotten.
"use strict";

const CACHE = "kiosk-{{ version }}";
const OFFLINE = "{{ offline }}";
const KEPT = {{ kept|safe }};
const GONE = [502, 503, 504]; // a proxy that doesn't reach the console
// Networks that are half gone answer never. More than the 20 s for which Chromium has a request
// wait for an earlier one to the same address.
const PATIENCE_MS = 25000;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(page(request));
  } else if (request.method === "GET" && origin === location.origin
      && KEPT.includes(pathname + search)) {
    event.respondWith(kept(request));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(
    KEPT.map((address) => new Request(address, { cache: "reload", credentials: "omit" })));
  await self.skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("kiosk-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// The request goes on as it came: one that is made anew would carry the SameSite cookies, and the
// console's own origin, also when another site caused it.
async function page(request) {
  try {
    const answer = await Promise.race(
      // An answer that comes too late may set no cookie that matters, but that of a form may.
      request.method === "GET" ? [fetch(request), tooLong()] : [fetch(request)]);
    if (!GONE.includes(answer.status)) return answer;
  } catch {
    // There is no network, or nobody who answers.
  }
  return kept(OFFLINE);
}

async function kept(address) {
  return (await caches.match(address)) || fetch(address);
}

function tooLong() {
  return new Promise((_, reject) => { setTimeout(reject, PATIENCE_MS); });
}
