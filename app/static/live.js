// What happens while the home page is open: how many new posts there are, what was deleted, and that somebody was told
// something. The stream ends when the site moves; it is begun anew, wherever the site is then.

const AGAIN = 5000; // milliseconds
const fresh = document.getElementById("fresh");
const person = document.body.dataset.person;
let events, count = 0;

function begin() {
  events = new EventSource("/api/v1/streaming/user");
  events.addEventListener("update", (event) => tell(JSON.parse(event.data)));
  events.addEventListener("delete", (event) => document.getElementById(`p${event.data}`)?.remove());
  events.addEventListener("notification", () => document.querySelector(".rail a[href='/notifications']")?.classList.add("news"));
  events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) setTimeout(visible, AGAIN); });
}

function tell(post) {
  if (post.account.username === person) return;
  count += 1;
  fresh.querySelector("a").textContent = count === 1 ? "Show 1 new post" : `Show ${count} new posts`;
  fresh.hidden = false;
}

// A page that nobody looks at holds no connection.
function visible() {
  events?.close();
  if (!document.hidden) begin();
}

export function startLive() {
  if (!fresh || !("EventSource" in window)) return;
  document.addEventListener("visibilitychange", visible);
  visible();
}
