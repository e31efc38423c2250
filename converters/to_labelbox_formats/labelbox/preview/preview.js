const toggles = all("[data-toggle]");
const cards = document.querySelector(".cards");
const AT_ONCE = Number(cards.dataset.rows);

// Rows beyond the first page stand in templates: they are parsed, but neither laid out nor decoded, until they are asked for.
const rows = [cards, ...all("template").map((template) => template.content)]
  .flatMap((holder) => all("article", holder))
  .map((card) => ({
    card,
    key: card.dataset.key,
    dataset: card.dataset.dataset,
    classes: new Set(card.dataset.classes.split(" ")),
  }));
const names = new Map(toggles.map((toggle) =>
  [toggle.dataset.toggle, toggle.closest("label").querySelector(".label").textContent]));
let page = 0;

function show(number) {
  page = Math.max(0, Math.min(number, Math.ceil(rows.length / AT_ONCE) - 1));
  const first = page * AT_ONCE;
  cards.replaceChildren(...rows.slice(first, first + AT_ONCE).map((row) => row.card));
  for (const toggle of toggles) if (!toggle.checked) switched(toggle);
  for (const label of all(".pages"))
    label.textContent = `${(first + 1).toLocaleString("en")}–${Math.min(first + AT_ONCE, rows.length).toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  for (const button of all("[data-step]"))
    button.disabled = button.dataset.step === "1" ? first + AT_ONCE >= rows.length : page === 0;
  placeAll();
}
function jump(at) {
  const row = rows[at];
  if (!row) return;
  if (Math.floor(at / AT_ONCE) !== page) show(Math.floor(at / AT_ONCE));
  row.card.scrollIntoView({ block: "start" });
  row.card.focus({ preventScroll: true });
}
function current() {
  const held = document.activeElement && document.activeElement.closest("article");
  return held ? rows.findIndex((row) => row.card === held) : page * AT_ONCE - 1;
}
for (const button of all("[data-step]"))
  button.addEventListener("click", () => {
    show(page + Number(button.dataset.step));
    document.getElementById("rows").scrollIntoView();
  });
for (const button of all("[data-next]"))
  button.addEventListener("click", () => {
    const from = Number(button.dataset.at ?? -1);
    const has = (row) => row.classes.has(button.dataset.next);
    let at = rows.findIndex((row, n) => n > from && has(row));
    if (at < 0) at = rows.findIndex(has);
    button.dataset.at = at;
    jump(at);
  });
addEventListener("hashchange", () => jump(rows.findIndex((row) => `#${row.card.id}` === location.hash)));

// ------------------------------------------------------------------------------------------------------- find a row

const find = document.getElementById("find");
const found = document.getElementById("found");
const MOST = 40;

function matching(words) {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const classes = [...names].filter(([, name]) => name.toLowerCase().includes(wanted)).map(([number]) => number);
  const number = `row-${wanted.replace(/^#/, "")}`;
  const rank = (row) => {
    if (row.card.id === number) return 0;
    if (row.key.toLowerCase().includes(wanted) || row.dataset.toLowerCase().includes(wanted)) return 1;
    return classes.some((one) => row.classes.has(one)) ? 2 : 3;
  };
  return rows.map((row, at) => [rank(row), at]).filter(([order]) => order < 3).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
function choose(at) {
  found.hidden = true;
  find.setAttribute("aria-expanded", "false");
  find.removeAttribute("aria-activedescendant");
  jump(at);
}
function mark(option) {
  for (const other of all("[aria-selected]", found)) other.removeAttribute("aria-selected");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  find.setAttribute("aria-activedescendant", option.id);
}
function list() {
  const hits = matching(find.value);
  found.replaceChildren(...hits.slice(0, MOST).map(([, at]) => {
    const option = document.createElement("li");
    option.id = `found-${at}`;
    option.setAttribute("role", "option");
    const key = document.createElement("span");
    key.textContent = rows[at].key;
    const held = document.createElement("small");
    held.textContent = [...rows[at].classes].filter(Boolean).map((number) => names.get(number)).join(", ");
    option.append(key, held);
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => choose(at));
    return option;
  }));
  if (!hits.length || hits.length > MOST) {
    const rest = document.createElement("li");
    rest.className = "rest";
    rest.textContent = hits.length ? `… and ${(hits.length - MOST).toLocaleString("en")} more` : "no data row here";
    found.append(rest);
  }
  found.hidden = !find.value.trim();
  find.setAttribute("aria-expanded", String(!found.hidden));
  mark(found.querySelector("[role=option]"));
}
if (find) {
  find.addEventListener("input", list);
  find.addEventListener("focus", () => find.value && list());
  find.addEventListener("blur", () => (found.hidden = true));
  find.addEventListener("keydown", (event) => {
    const options = all("[role=option]", found);
    const at = options.findIndex((option) => option.hasAttribute("aria-selected"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(options[(at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length]);
    } else if (event.key === "Enter" && at >= 0) options[at].click();
    else if (event.key === "Escape") find.blur();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input,select,textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && find) {
    event.preventDefault();
    find.focus();
    find.select();
  } else if (event.key === "n") jump(Math.min(current() + 1, rows.length - 1));
  else if (event.key === "p") jump(Math.max(current() - 1, 0));
});

// ----------------------------------------------------------------------------------------------------------- classes

function switched(toggle) {
  for (const mark of all(`[data-c="${Number(toggle.dataset.toggle)}"]`)) mark.classList.toggle("off", !toggle.checked);
}
for (const toggle of toggles)
  toggle.addEventListener("change", () => {
    switched(toggle);
    placeAll();
  });
for (const [id, checked] of [["all", true], ["none", false]])
  document.getElementById(id).addEventListener("click", () => {
    for (const toggle of toggles)
      if (!toggle.closest(".toggle").hidden) {
        toggle.checked = checked;
        switched(toggle);
      }
    placeAll();
  });
for (const id of ["names", "fills"])
  document.getElementById(id).addEventListener("change", (event) => {
    document.body.classList.toggle(`no-${id}`, !event.target.checked);
    placeAll();
  });
document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const toggle of toggles)
    toggle.closest(".toggle").hidden = !names.get(toggle.dataset.toggle).toLowerCase().includes(wanted);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(".grow");
  if (button) button.closest(".card").classList.toggle("wide");
});

// ------------------------------------------------------------------------------------------------------------- names

const HIGH = 15;
const meets = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

// Places for a plate beside a shape, the best first; inside only where the shape has room for it.
function* places(left, top, right, bottom, w) {
  if (right - left < 1 && bottom - top < 1) {
    yield [left + 7, top - HIGH / 2];
    yield [left - w - 7, top - HIGH / 2];
    yield [left - w / 2, top - HIGH - 7];
    yield [left - w / 2, top + 7];
    return;
  }
  const room = right - left >= w && bottom - top >= 2 * HIGH;
  yield [left - 1, top - HIGH];
  if (room) yield [left - 1, top];
  yield [right - w + 1, top - HIGH];
  if (room) yield [right - w + 1, top];
  yield [left - 1, bottom];
  if (room) yield [left - 1, bottom - HIGH];
  yield [right - w + 1, bottom];
  yield [right, top];
  yield [left - w, top];
}
// Plates keep their size while pictures shrink, so where they fit depends on the width of the window.
function placeNames(layer) {
  const [wide, high] = [layer.clientWidth, layer.clientHeight];
  if (!wide) return;
  const put = [];
  for (const plate of layer.children) {
    if (plate.classList.contains("off")) continue;
    const at = plate.dataset.at.split(" ").map((share, n) => Math.min(1, Math.max(0, share / 1000)) * (n % 2 ? high : wide));
    const w = Number(plate.dataset.wide);
    let here = null;
    for (const [x, y] of places(...at, w)) {
      const box = { x: Math.max(0, x), y, w, h: HIGH };
      if (x < -2 || y < 0 || x + w > wide + 2 || y + HIGH > high || put.some((other) => meets(box, other))) continue;
      here = box;
      break;
    }
    plate.classList.toggle("crowded", !here);
    if (!here) continue;
    put.push(here);
    plate.setAttribute("x", here.x);
    plate.setAttribute("y", here.y);
  }
}
function placeAll() {
  if (!document.body.classList.contains("no-names")) all(".names", cards).forEach(placeNames);
}
new ResizeObserver(() => requestAnimationFrame(placeAll)).observe(cards);
show(0);
if (location.hash.startsWith("#row-")) dispatchEvent(new Event("hashchange"));
