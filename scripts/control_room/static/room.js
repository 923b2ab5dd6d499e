// Says whether the page still hears from the room: a page that does not must not look as if it did.
const connection = document.getElementById("connection");
const say = (words, lost) => {
  connection.textContent = words;
  document.body.classList.toggle("lost", lost);
};
document.body.addEventListener("htmx:sseOpen", () => say("live", false));
document.body.addEventListener("htmx:sseError", () => say("the room does not answer: what you see is old", true));
document.body.addEventListener("htmx:sseClose", () => say("the room has ended: what you see is old", true));
// A refusal is an answer to read, whatever its status.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
