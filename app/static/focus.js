// The point of a picture that stays in view where it is cut. A form asks for it in nine words; here it is pressed on the
// picture itself, or moved there with the arrow keys.
const STEP = 0.1;
const EDGE = 480; // pixels of a preview
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

const within = (part) => Math.max(-1, Math.min(1, part));
const pointOf = (choice) => choice.value.split(",").map(Number);

function choose(choice, x, y) {
  let own = choice.querySelector("[data-own]");
  if (!own) {
    own = new Option("the point you chose");
    own.dataset.own = "";
    choice.add(own);
  }
  choice.value = own.value = `${within(x).toFixed(2)},${within(y).toFixed(2)}`;
  choice.dispatchEvent(new Event("change"));
}

function pressable(row, choice) {
  const button = document.createElement("button");
  const dot = document.createElement("span");
  button.type = "button";
  button.className = "point";
  button.ariaLabel = `Choose the point of ${row.dataset.picture} that stays in view: press it, or use the arrow keys`;
  button.addEventListener("click", (event) => {
    if (!event.detail) return; // pressed by a key, so nowhere
    const box = button.getBoundingClientRect();
    choose(choice, (2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height);
  });
  button.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = pointOf(choice);
    choose(choice, x + step[0], y + step[1]);
  });
  const place = () => {
    const [x, y] = pointOf(choice);
    dot.style.left = `${50 + 50 * x}%`;
    dot.style.top = `${50 - 50 * y}%`;
  };
  choice.addEventListener("change", place);
  button.append(dot);
  place();
  return button;
}

async function drawn(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function followFile(row, choice, file) {
  const view = choice.closest("label");
  const show = async () => {
    row.querySelector(".point")?.remove();
    choice.selectedIndex = 0;
    view.hidden = !file.files.length;
    if (view.hidden) return;
    const canvas = await drawn(file.files[0]).catch(() => null); // what is no picture is refused when it is sent
    if (!canvas) return;
    const button = pressable(row, choice);
    button.prepend(canvas);
    view.before(button);
  };
  file.addEventListener("change", show);
  file.form.addEventListener("reset", () => setTimeout(show));
  show();
}

export function startFocus() {
  for (const choice of document.querySelectorAll("select[data-focus]")) {
    const row = choice.closest("[data-picture]");
    const file = row.querySelector("input[type=file]");
    const image = row.querySelector("img");
    if (file) followFile(row, choice, file);
    if (!image) continue;
    const button = pressable(row, choice);
    image.replaceWith(button);
    button.prepend(image);
  }
}
