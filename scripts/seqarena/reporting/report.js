"use strict";
// Sorting and copying of the report's tables. Without JavaScript they are plain tables.
function keyOf(cell, numeric) {
  if (!numeric) return cell.textContent.trim().toLowerCase();
  const text = cell.dataset.key ?? cell.textContent.trim();
  return text === "" || isNaN(Number(text)) ? null : Number(text);
}

function sortRows(table, column, down) {
  const body = table.tBodies[0];
  const numeric = table.tHead.rows[0].cells[column].classList.contains("numeric");
  const rows = [...body.rows].map((row) => [keyOf(row.cells[column], numeric), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // undefined stays last
    const order = numeric ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return down ? -order : order;
  });
  body.append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const state = head.getAttribute("aria-sort");
      const first = head.classList.contains("numeric") ? "descending" : "ascending";
      const second = first === "descending" ? "ascending" : "descending";
      const next = state === first ? second : first;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", next);
      sortRows(table, column, next === "descending");
    });
  });
}

function cellText(cell) {
  const small = cell.querySelector("small");
  const text = small ? cell.firstChild.textContent + " (" + small.textContent + ")" : cell.textContent;
  return text.replace(/\s+/g, " ").trim();
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea"); // browsers that keep the clipboard from files
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function addCopy(box) {
  const table = box.querySelector("table");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy table";
  button.addEventListener("click", async () => {
    const lines = [...table.rows].map((row) => [...row.cells].map(cellText).join("\t"));
    await copyText(lines.join("\n") + "\n");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy table"; }, 1500);
  });
  box.prepend(button);
}

document.querySelectorAll(".table").forEach((box) => {
  makeSortable(box.querySelector("table"));
  addCopy(box);
});

// Paper can't be unfolded.
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => { one.open = true; });
});
window.addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));
