// A page of a table. The kernel holds all rows, sorts, searches and pages; here they are only shown.
// Every text becomes a text node: nothing that a label holds is ever read as HTML.

const COLOURED = new Set(["state", "health", "severity", "ok"]);

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

function set(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

function searchBox(model) {
  const box = element("input", {
    type: "search",
    className: "dkf-search",
    placeholder: "Search",
    value: model.get("search"),
    "aria-label": `Search in ${model.get("heading")}`,
  });
  let waiting;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => set(model, "search", box.value), 120);
  });
  // JupyterLab would take keys for commands of its own.
  box.addEventListener("keydown", (event) => event.stopPropagation());
  model.on("change:search", () => {
    if (document.activeElement !== box) box.value = model.get("search");
  });
  return box;
}

function columnChooser(model) {
  const list = element("div", { className: "dkf-column-list" });
  const chooser = element(
    "details",
    { className: "dkf-columns" },
    element("summary", {}, "Columns"),
    list,
  );
  const draw = () => {
    const hidden = new Set(model.get("hidden"));
    list.replaceChildren(
      ...model.get("columns").map((column) => {
        const check = element("input", { type: "checkbox", checked: !hidden.has(column.name) });
        check.addEventListener("change", () => {
          const now = new Set(model.get("hidden"));
          check.checked ? now.delete(column.name) : now.add(column.name);
          set(model, "hidden", [...now]);
        });
        return element("label", {}, check, ` ${column.name}`);
      }),
    );
  };
  model.on("change:columns", draw);
  draw();
  return chooser;
}

function pager(model) {
  const shown = element("span", { className: "dkf-shown", role: "status", "aria-live": "polite" });
  const pages = () => Math.max(1, Math.ceil(model.get("total") / model.get("page_size")));
  const button = (text, label, target) => {
    const made = element("button", { type: "button", title: label, "aria-label": label }, text);
    made.addEventListener("click", () => set(model, "page", target()));
    return made;
  };
  const back = [
    button("«", "First page", () => 0),
    button("‹", "Previous page", () => Math.max(0, model.get("page") - 1)),
  ];
  const onward = [
    button("›", "Next page", () => Math.min(pages() - 1, model.get("page") + 1)),
    button("»", "Last page", () => pages() - 1),
  ];
  const draw = () => {
    const [page, size, total] = [model.get("page"), model.get("page_size"), model.get("total")];
    const number = (value) => value.toLocaleString("en");
    shown.textContent = total
      ? `${number(page * size + 1)}–${number(Math.min(total, (page + 1) * size))} of ${number(total)}`
      : "nothing to show";
    for (const one of back) one.disabled = page === 0;
    for (const one of onward) one.disabled = page >= pages() - 1;
    for (const one of [...back, ...onward]) one.hidden = pages() === 1;
  };
  model.on("change:rows change:total change:page", draw);
  draw();
  return element("div", { className: "dkf-pager" }, ...back, shown, ...onward);
}

function headings(model, columns) {
  return columns.map(({ column }) => {
    const sorted = model.get("sort_by") === column.name;
    const descending = sorted && model.get("descending");
    const arrow = sorted ? (descending ? " ▼" : " ▲") : "";
    const button = element("button", { type: "button", title: `Sort by ${column.name}` }, column.name + arrow);
    button.addEventListener("click", () => {
      const turn = model.get("sort_by") === column.name && !model.get("descending");
      model.set("descending", turn);
      model.set("sort_by", column.name);
      model.save_changes();
    });
    const order = sorted ? (descending ? "descending" : "ascending") : "none";
    return element(
      "th",
      { scope: "col", className: column.numeric ? "dkf-number" : "", "aria-sort": order },
      button,
    );
  });
}

function choose(model, key) {
  const chosen = model.get("chosen");
  if (!model.get("multiple")) return set(model, "chosen", [key]);
  set(model, "chosen", chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
}

function bodyRow(model, row, columns) {
  const isChosen = model.get("chosen").includes(row.key);
  const made = element("tr", {
    tabIndex: -1,
    className: row.mark ? `dkf-${row.mark}` : "",
    "aria-selected": String(isChosen),
  });
  made.dataset.key = row.key;
  if (model.get("multiple")) {
    made.append(element("td", { className: "dkf-tick", "aria-hidden": "true" }, isChosen ? "☑" : "☐"));
  }
  for (const { column, index } of columns) {
    const text = row.cells[index];
    const cell = element("td", { className: column.numeric ? "dkf-number" : "", title: text }, text);
    if (COLOURED.has(column.name)) cell.dataset.value = text;
    made.append(cell);
  }
  made.addEventListener("click", () => choose(model, row.key));
  return made;
}

function moveWithKeys(model, body) {
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    const turn = (step) => {
      const last = Math.max(0, Math.ceil(model.get("total") / model.get("page_size")) - 1);
      set(model, "page", Math.min(last, Math.max(0, model.get("page") + step)));
    };
    const acts = {
      ArrowDown: () => row.nextElementSibling?.focus(),
      ArrowUp: () => row.previousElementSibling?.focus(),
      Home: () => body.firstElementChild.focus(),
      End: () => body.lastElementChild.focus(),
      PageDown: () => turn(1),
      PageUp: () => turn(-1),
      Enter: () => choose(model, row.dataset.key),
      " ": () => choose(model, row.dataset.key),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  });
}

function render({ model, el }) {
  const head = element("thead");
  const body = element("tbody");
  const heading = model.get("heading");
  const table = element("table", { role: "grid", "aria-label": heading }, head, body);
  if (model.get("multiple")) table.setAttribute("aria-multiselectable", "true");
  const draw = () => {
    const hidden = new Set(model.get("hidden"));
    const columns = model
      .get("columns")
      .map((column, index) => ({ column, index }))
      .filter(({ column }) => !hidden.has(column.name));
    const focused = document.activeElement;
    const hadFocus = body.contains(focused) ? focused.dataset.key : null;
    const corner = model.get("multiple") ? [element("td", { className: "dkf-tick" })] : [];
    head.replaceChildren(element("tr", {}, ...corner, ...headings(model, columns)));
    body.replaceChildren(...model.get("rows").map((row) => bodyRow(model, row, columns)));
    const rows = [...body.children];
    const current = rows.find((row) => row.dataset.key === hadFocus) ?? rows[0];
    if (current) current.tabIndex = 0;
    if (hadFocus !== null) current?.focus();
    table.setAttribute("aria-rowcount", model.get("total"));
  };
  body.addEventListener("focusin", (event) => {
    for (const row of body.children) row.tabIndex = row === event.target.closest("tr") ? 0 : -1;
  });
  moveWithKeys(model, body);
  model.on("change:rows change:columns change:hidden change:chosen", draw);
  draw();

  const bar = element("div", { className: "dkf-bar" });
  const arrange = () => {
    const small = model.get("compact");
    bar.classList.toggle("dkf-small", small);
    search.hidden = small && !model.get("search") && model.get("total") <= model.get("page_size");
  };
  const search = searchBox(model);
  bar.append(search);
  if (!model.get("compact")) bar.append(columnChooser(model));
  bar.append(pager(model));
  model.on("change:total", arrange);
  arrange();
  el.classList.add("dkf");
  if (model.get("compact")) el.classList.add("dkf-compact");
  el.append(bar, element("div", { className: "dkf-scroll" }, table));
}

export default { render };
