// What the pages can do beyond forms and links. Without it everything works but this: a post that waits for a site that
// is moving, counting characters, pointing at a picture, times in the person's own zone, notifications, and installing.
import { startWaiting } from "/static/waiting.js";
import { startLive } from "/static/live.js";
import { startPush } from "/static/push.js";
import { startFocus } from "/static/focus.js";
import { startMoments } from "/static/moments.js";

const said = document.getElementById("said");

export function say(sentence) {
  said.textContent = sentence;
}

function countCharacters() {
  for (const left of document.querySelectorAll("[data-left]")) {
    const form = left.closest("form");
    const typed = () => form.elements.status.value.length + form.elements.spoiler_text.value.length;
    const show = () => { left.textContent = typed() ? `${left.dataset.left - typed()} left` : ""; };
    form.addEventListener("input", show);
    show();
  }
}

// A refusal of a small button is the whole page with its sentence; here only the sentence is wanted.
function tellRefusals() {
  document.addEventListener("htmx:responseError", (event) => {
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    say(page.querySelector("[role=alert]")?.textContent || "That did not work; try again in a moment.");
  });
  document.addEventListener("htmx:sendError", () => say("The site does not answer, so nothing was changed; try again in a moment."));
}

function closeMenus() {
  const close = (kept) => document.querySelectorAll("details.menu[open]").forEach((menu) => { if (menu !== kept) menu.open = false; });
  document.addEventListener("click", (event) => close(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (menu) menu.querySelector("summary").focus();
    if (event.key === "Escape") close(null);
  });
}

// The page that stands in for one that could not be reached looks for the site by itself.
async function comeBack() {
  for (let pause = 1000; ; pause = Math.min(pause * 1.5, 15000)) {
    await new Promise((done) => setTimeout(done, pause));
    const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) return location.reload();
  }
}

countCharacters();
tellRefusals();
closeMenus();
if (document.querySelector("[data-offline]") && location.pathname !== "/offline") comeBack();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/service-worker.js").catch(() => {});
startWaiting(say);
startPush(say);
startFocus();
startMoments();
startLive();
