// A post that is written while the site moves to another cloud waits here and goes out by itself. It is kept in this
// browser (IndexedDB, pictures too), survives a reload, and is sent again and again with the same idempotency key until
// two clouds hold it: however often it is sent, it is one post.

const MOVING = "The site is moving to another cloud. Your post waits on this device and goes out by itself; you can go on reading.";
const LONGEST_PAUSE = 15000; // milliseconds
const form = document.querySelector("form[data-waits]");
const person = document.body.dataset.person;
let say, timer, sending = false, pause = 1000;

function database() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("lifeboat", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("posts", { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function store(mode, act) {
  const opened = await database();
  return new Promise((done, failed) => {
    const work = opened.transaction("posts", mode);
    const asked = act(work.objectStore("posts"));
    work.oncomplete = () => { opened.close(); done(asked.result); };
    work.onerror = work.onabort = () => { opened.close(); failed(work.error); };
  });
}

const keep = (post) => store("readwrite", (posts) => posts.put(post));
const drop = (key) => store("readwrite", (posts) => posts.delete(key));
const waiting = async () => (await store("readonly", (posts) => posts.getAll())).filter((post) => post.person === person);

// Gives "out" when two clouds hold the post, "later" when it is to be sent again, "refused" when that would not help.
async function send(post) {
  const body = new FormData();
  for (const [name, value] of post.fields) body.append(name, value);
  const token = document.querySelector("[name=form_token]");
  if (token) body.set("form_token", token.value);
  let answer;
  try {
    answer = await fetch(post.action, { method: "POST", body, redirect: "manual", headers: { "Idempotency-Key": post.key } });
  } catch {
    return "later";
  }
  if (answer.type === "opaqueredirect") return "out";
  return answer.status >= 500 || answer.status === 429 ? "later" : "refused";
}

async function show() {
  document.querySelectorAll(".waiting").forEach((card) => card.remove());
  const feed = document.getElementById("feed") || document.getElementById("main");
  for (const post of (await waiting()).reverse()) feed?.prepend(card(post));
}

function element(kind, properties, ...inside) {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...inside);
  return made;
}

function card(post) {
  const text = post.fields.find(([name]) => name === "status")?.[1] || "A picture";
  const discard = element("button", { className: "quiet danger", textContent: "Discard" });
  discard.addEventListener("click", async () => { await drop(post.key); await show(); say("The waiting post is gone."); });
  const state = post.refused ? "The site did not take it" : "Waiting; it is not saved in any cloud yet";
  return element("article", { className: "card waiting" },
    element("p", { className: "meta" }, element("span", { className: "dot", ariaHidden: "true" }), state),
    element("p", { textContent: text }), discard);
}

// Takes turns with the other pages of this browser, so that nobody sends beside another.
async function sendAll() {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  const work = async () => {
    for (const post of await waiting()) {
      if (post.refused) continue;
      const result = await send(post);
      if (result === "later") { say(MOVING); return false; }
      if (result === "refused") await keep({ ...post, refused: true });
      else { await drop(post.key); await tellOut(post); }
    }
    return true;
  };
  const done = navigator.locks ? await navigator.locks.request("lifeboat waiting posts", work) : await work();
  sending = false;
  await show();
  if (done) { pause = 1000; return; }
  timer = setTimeout(sendAll, pause * (0.75 + Math.random() / 2));
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

async function tellOut(post) {
  const seconds = Math.round((Date.now() - post.since) / 1000);
  const sentence = `Your post is out. It waited ${seconds} seconds for the site; two clouds hold it now.`;
  if (form && form.elements.status.value.trim() !== form.elements.status.defaultValue.trim()) return say(sentence);
  sessionStorage.setItem("said", sentence);
  location.reload();
}

async function submit(event) {
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  const key = form.elements.idempotency_key.value;
  const fields = [...new FormData(form)].filter(([, value]) => !(value instanceof File) || value.size);
  const post = { key, person, fields, action: form.getAttribute("action"), since: Date.now() };
  const result = await send(post);
  if (button) button.disabled = false;
  if (result === "refused") return HTMLFormElement.prototype.submit.call(form);
  if (result === "out") return location.assign(form.elements.scheduled_at.value ? "/scheduled" : form.elements.back.value);
  await keep(post);
  form.reset();
  form.elements.status.value = "";
  form.elements.idempotency_key.value = crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`;
  form.dispatchEvent(new Event("input"));
  say(MOVING);
  await show();
  timer = setTimeout(sendAll, pause);
}

export function startWaiting(tell) {
  say = tell;
  const earlier = sessionStorage.getItem("said");
  sessionStorage.removeItem("said");
  if (earlier) say(earlier);
  if (!person || !("indexedDB" in window)) return;
  form?.addEventListener("submit", submit);
  window.addEventListener("online", sendAll);
  show().then(sendAll);
}
