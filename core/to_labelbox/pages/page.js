"use strict";
// Data reaches this script only as text and numbers of the page's own attributes; nothing is ever written as markup.
const all = (query, root = document) => Array.from(root.querySelectorAll(query));

const tip = document.getElementById("tip");
function place(x, y) {
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 12) : y + 18}px`;
}
function tell(mark, x, y) {
  tip.hidden = !mark;
  if (mark) {
    tip.textContent = mark.dataset.tip;
    place(x, y);
  }
}
document.addEventListener("pointermove", (event) =>
  tell(event.target.closest("[data-tip]:not(.off)"), event.clientX, event.clientY));
document.addEventListener("pointerleave", () => tell(null));
document.addEventListener("focusin", (event) => {
  const mark = event.target.closest("[data-tip]");
  if (mark && mark.matches(":focus-visible")) {
    const box = mark.getBoundingClientRect();
    tell(mark, box.left + box.width / 2, box.top + box.height / 2);
  }
});
document.addEventListener("focusout", () => tell(null));
document.addEventListener("keydown", (event) => event.key === "Escape" && tell(null));

function value(row, column) {
  const cell = row.children[column];
  return "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent;
}
for (const table of all("table.sortable")) {
  const heads = all("thead th", table);
  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => {
      const numbers = column > 0;
      const descending = head.ariaSort ? head.ariaSort === "ascending" : numbers;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const rows = all("tbody tr", table).sort((a, b) => {
        const [p, q] = [value(a, column), value(b, column)];
        const order = numbers ? p - q : p.localeCompare(q);
        return descending ? -order : order;
      });
      table.tBodies[0].append(...rows);
    }));
}
