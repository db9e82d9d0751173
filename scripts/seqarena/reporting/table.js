"use strict";
const PAGE = 100; // rows shown at a time: browsers lay out tens of thousands slowly
const { columns, rows } = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const state = { kept: rows, page: 0, column: null, down: false, hidden: new Set() };

const textOf = (value) => (value === null ? "not defined" : String(value));
const visible = () => columns.map((_, index) => index).filter((index) => !state.hidden.has(index));

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text; // never as markup: names come from input files
  if (className) made.className = className;
  return made;
}

function choose() {
  const wanted = find("filter").value.trim().toLowerCase();
  const matches = (row) => row.some((value) => textOf(value).toLowerCase().includes(wanted));
  state.kept = wanted ? rows.filter(matches) : [...rows];
  if (state.column !== null) {
    const at = state.column;
    const order = columns[at].numeric
      ? (a, b) => a - b
      : (a, b) => textOf(a).localeCompare(textOf(b), undefined, { numeric: true });
    state.kept.sort((one, other) => {
      const [a, b] = [one[at], other[at]];
      if (a === null || b === null) return (a === null) - (b === null);
      return state.down ? order(b, a) : order(a, b);
    });
  }
  state.page = 0;
  draw();
}

function drawHead() {
  find("head").replaceChildren(...visible().map((index) => {
    const head = element("th", "", columns[index].numeric ? "numeric" : "");
    head.scope = "col";
    const button = element("button", columns[index].name);
    button.type = "button";
    button.addEventListener("click", () => {
      state.down = state.column === index ? !state.down : columns[index].numeric;
      state.column = index;
      choose();
    });
    if (state.column === index) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    head.append(button);
    return head;
  }));
}

function draw() {
  drawHead();
  const first = state.page * PAGE;
  const part = state.kept.slice(first, first + PAGE);
  find("body").replaceChildren(...part.map((row) => {
    const line = document.createElement("tr");
    line.append(...visible().map((index) => {
      const names = [columns[index].numeric ? "numeric" : "", row[index] === null ? "undefined" : ""];
      if (textOf(row[index]).length > 60) names.push("long");
      return element("td", textOf(row[index]), names.join(" ").trim());
    }));
    return line;
  }));
  const count = (number) => number.toLocaleString("en");
  find("shown").textContent = `${count(state.kept.length)} of ${count(rows.length)} rows`;
  const last = Math.max(1, Math.ceil(state.kept.length / PAGE));
  find("page").textContent = `page ${count(state.page + 1)} of ${count(last)}`;
  find("back").disabled = state.page === 0;
  find("on").disabled = state.page + 1 >= last;
}

async function copyRows() {
  const shown = visible();
  const clean = (value) => (value === null ? "" : String(value)).replace(/[\t\n\r]+/g, " ");
  const lines = [shown.map((index) => clean(columns[index].name)).join("\t")];
  for (const row of state.kept) lines.push(shown.map((index) => clean(row[index])).join("\t"));
  const text = lines.join("\n") + "\n";
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
  find("copy").textContent = "Copied";
  setTimeout(() => { find("copy").textContent = "Copy these rows"; }, 1500);
}

function addColumnChoices() {
  find("columns").replaceChildren(...columns.map((column, index) => {
    const label = element("label", ` ${column.name}`);
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) state.hidden.delete(index); else state.hidden.add(index);
      draw();
    });
    label.prepend(box);
    return label;
  }));
}

find("filter").addEventListener("input", choose);
find("copy").addEventListener("click", copyRows);
find("back").addEventListener("click", () => { state.page -= 1; draw(); });
find("on").addEventListener("click", () => { state.page += 1; draw(); });
addColumnChoices();
choose();
