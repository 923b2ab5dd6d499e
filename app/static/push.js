// Notifications on this device, from a push service that the browser knows.

const box = document.getElementById("push");

function bytes(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function turnOn(form) {
  const worker = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key) };
  const { endpoint, keys } = (await worker.pushManager.subscribe(options)).toJSON();
  form.elements.endpoint.value = endpoint;
  form.elements.p256dh.value = keys.p256dh;
  form.elements.auth.value = keys.auth;
  HTMLFormElement.prototype.submit.call(form);
}

export function startPush(say) {
  if (!box) return;
  const able = "PushManager" in window && "serviceWorker" in navigator;
  box.querySelector(".unable").hidden = able;
  const form = box.querySelector("form.on");
  if (!able || !form) return;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if ((await Notification.requestPermission()) !== "granted") return say("This browser was told not to show notifications of this site.");
    await turnOn(form).catch(() => say("This browser reached no push service; try again later."));
  });
}
