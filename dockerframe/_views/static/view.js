// The view: draws the state that the kernel sends, and sends what the user does.
// Every text becomes a text node: nothing that a label holds is ever read as HTML.

const COLOURED = new Set(["state", "health", "severity", "ok", "up"]);
const NARROW = 900;

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role") made.setAttribute(name, value === true ? "true" : value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function button(text, label, onclick, properties = {}) {
  return element("button", { type: "button", title: label, "aria-label": label, onclick, ...properties }, text);
}

// JupyterLab would take keys in text fields for commands of its own.
const keep = (event) => event.stopPropagation();

function header(state, send) {
  const every = element("input", {
    type: "number", min: 0, max: 86400, value: state.every, className: "dkf-every", onkeydown: keep,
    "aria-label": "Seconds between refreshes; 0 for none", disabled: !state.can_refresh,
    onchange: (event) => send("every", { seconds: Number(event.target.value) || 0 }),
  });
  return [
    element("span", { className: "dkf-summary", role: "status" }, state.summary),
    element("span", { className: "dkf-note", role: "status", "aria-live": "polite" }, state.note),
    element(
      "span", { className: "dkf-right" },
      button("Refresh", "Ask all hosts again", () => send("refresh"), { disabled: !state.can_refresh }),
      element("label", { className: "dkf-every-label" }, "every ", every, " s"),
    ),
  ];
}

function chips(state, send) {
  const made = state.chips.map((chip) =>
    element(
      "span", { className: "dkf-chip" }, chip.text,
      button("×", `Remove the filter ${chip.text}`, () => {
        const facet = state.facets.find((one) => one.facet === chip.facet);
        const left = state.chips.filter((one) => one.facet === facet.facet && one.value !== chip.value);
        send("facet", { facet: facet.facet, values: left.map((one) => one.value) });
      }),
    ),
  );
  if (state.search)
    made.push(
      element("span", { className: "dkf-chip" }, `search: ${state.search}`,
        button("×", "Remove the search", () => send("search", { text: "" }))),
    );
  if (made.length) made.push(button("Clear all", "Remove all filters and the search", () => send("clear"), { className: "dkf-clear" }));
  return made;
}

function facet(one, send) {
  const chosen = one.values.filter((value) => value.chosen).map((value) => value.value);
  const list = one.values.map((value) =>
    element(
      "label", { className: "dkf-choice", title: value.text },
      element("input", {
        type: "checkbox", checked: value.chosen, "data-focus": `${one.facet}/${value.value}`,
        onchange: (event) => {
          const now = new Set(chosen);
          event.target.checked ? now.add(value.value) : now.delete(value.value);
          send("facet", { facet: one.facet, values: [...now] });
        },
      }),
      element("span", { className: "dkf-value" }, value.text || "(empty)"),
      element("span", { className: "dkf-count" }, value.count.toLocaleString("en")),
    ),
  );
  if (one.left_out) list.push(element("p", { className: "dkf-more" }, `${one.left_out.toLocaleString("en")} more: search for them.`));
  const title = one.chosen ? `${one.title} (${one.chosen} chosen)` : one.title;
  const made = element("details", { className: "dkf-facet", open: one.open },
    element("summary", { "data-focus": `facet/${one.facet}` }, title),
    element("div", { className: "dkf-choices", role: "group", "aria-label": `Filter by ${one.facet}` }, ...list));
  made.addEventListener("toggle", () => {
    if (made.open !== one.open) send("expand", { facet: one.facet, open: made.open });
  });
  return made;
}

function tabs(state, send) {
  const turn = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    keep(event);
    const at = state.tabs.findIndex((one) => one.name === state.tab);
    const next = state.tabs[(at + step + state.tabs.length) % state.tabs.length];
    send("tab", { tab: next.name });
  };
  return state.tabs.map((one) =>
    element("button", {
      type: "button", role: "tab", "aria-selected": one.name === state.tab ? "true" : "false", "data-focus": `tab/${one.name === state.tab ? "" : one.name}`,
      tabIndex: one.name === state.tab ? 0 : -1, onclick: () => send("tab", { tab: one.name }), onkeydown: turn,
    }, one.title),
  );
}

function toolbar(state, local, send) {
  const title = state.tabs.find((one) => one.name === state.tab).title;
  const search = element("input", {
    type: "search", className: "dkf-search", value: local.typing ?? state.search, placeholder: "Search: words, label:owner, image:postgres, host:edge",
    "aria-label": `Search in ${title}`, "data-focus": "search", onkeydown: keep,
    oninput: (event) => {
      local.typing = event.target.value;
      clearTimeout(local.timer);
      local.timer = setTimeout(() => send("search", { text: local.typing }), 150);
    },
    onblur: () => { local.typing = undefined; },
  });
  const columns = element("details", { className: "dkf-columns", open: local.choosing },
    element("summary", { "data-focus": "columns" }, "Columns"),
    element("div", { className: "dkf-column-list" },
      ...state.columns.map((column) =>
        element("label", {},
          element("input", { type: "checkbox", checked: !local.hidden(state, column), "data-focus": `column/${column.name}`,
            onchange: (event) => { local.setHidden(state, column, !event.target.checked); local.draw(); } }),
          ` ${column.name}`))));
  columns.addEventListener("toggle", () => { local.choosing = columns.open; });
  const what = state.selected ? `${state.selected.toLocaleString("en")} selected` : "all shown";
  return [
    search,
    columns,
    button("Copy", `Copy the rows (${what}) to the clipboard`, () => send("copy")),
    button("CSV", `Download the rows (${what}) as CSV`, () => send("download", { format: "csv" })),
    button("Parquet", `Download the rows (${what}) as Parquet`, () => send("download", { format: "parquet" })),
    element("span", { className: "dkf-selected", role: "status" }, state.selected ? what : ""),
    pager(state, send),
  ];
}

function pager(state, send) {
  const first = state.page * state.page_size;
  const last = Math.min(first + state.page_size, state.total);
  const text = state.total ? `${(first + 1).toLocaleString("en")}–${last.toLocaleString("en")} of ${state.total.toLocaleString("en")}` : "0";
  const go = (text, label, page, disabled) =>
    button(text, label, () => send("page", { page }), { disabled, "data-focus": label });
  return element("span", { className: "dkf-pager" },
    go("‹", "Previous page", state.page - 1, state.page === 0),
    element("span", { className: "dkf-shown", role: "status", "aria-live": "polite" }, text),
    go("›", "Next page", state.page + 1, state.page >= state.pages - 1));
}

function empty(state, send) {
  const active = [...state.chips.map((chip) => chip.text), ...(state.search ? [`search: ${state.search}`] : [])];
  if (!state.all) return element("p", { className: "dkf-empty" }, "This table has no rows.");
  return element("p", { className: "dkf-empty" },
    active.length ? `No row matches ${active.join(", ")}. ` : "No rows. ",
    active.length ? button("Clear all", "Remove all filters and the search", () => send("clear")) : null);
}

function grid(state, local, send) {
  const title = state.tabs.find((one) => one.name === state.tab).title;
  const shown = state.columns.map((column, index) => ({ ...column, index })).filter((column) => !local.hidden(state, column));
  const everything = state.rows.length > 0 && state.selected >= state.total;
  const head = element("tr", {},
    element("th", { className: "dkf-tick", scope: "col" },
      element("input", { type: "checkbox", checked: everything, "aria-label": "Select all rows that pass the filters", "data-focus": "select/all",
        onchange: (event) => send("select", { mode: event.target.checked ? "all" : "none" }) })),
    ...shown.map((column) => {
      const sorted = state.sort.heading === column.name ? (state.sort.descending ? "descending" : "ascending") : "none";
      const arrow = { ascending: " ▲", descending: " ▼", none: "" }[sorted];
      return element("th", { scope: "col", "aria-sort": sorted, className: column.numeric ? "dkf-number" : "" },
        button(column.name + arrow, `Sort by ${column.name}`, () => send("sort", { heading: column.name }), { "data-focus": `sort/${column.name}` }));
    }));
  const body = state.rows.map((row, number) => {
    const choose = (event) => {
      if (event.shiftKey) send("select", { mode: "range", key: row.key });
      else if (event.ctrlKey || event.metaKey) send("select", { mode: "toggle", key: row.key });
      else { send("select", { mode: "one", key: row.key }); send("open", { key: row.key }); }
    };
    const made = element("tr", {
      tabIndex: number === local.row ? 0 : -1, "aria-selected": row.selected ? "true" : "false", "data-focus": `row/${number}`,
      className: [row.mark ? `dkf-${row.mark}` : "", row.key === state.opened ? "dkf-opened" : ""].join(" "),
      onclick: (event) => {
        if (event.target.closest("input") || String(window.getSelection())) return;
        local.row = number;
        choose(event);
      },
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) { keep(event); event.preventDefault(); local.focusRow(number + step); }
        else if (event.key === "Enter") { keep(event); event.preventDefault(); local.row = number; choose(event); }
        else if (event.key === " ") { keep(event); event.preventDefault(); send("select", { mode: "toggle", key: row.key }); }
        else if (event.key === "PageDown" && state.page < state.pages - 1) { keep(event); send("page", { page: state.page + 1 }); }
        else if (event.key === "PageUp" && state.page > 0) { keep(event); send("page", { page: state.page - 1 }); }
        else if (event.key === "Escape") { keep(event); send("close_details"); }
      },
    },
      element("td", { className: "dkf-tick" },
        element("input", { type: "checkbox", checked: row.selected, tabIndex: -1, "aria-label": `Select ${row.cells[0]} ${row.cells[1] ?? ""}`,
          onchange: () => send("select", { mode: "toggle", key: row.key }) })),
      ...shown.map((column) => {
        const text = row.cells[column.index];
        return element("td", { className: [column.numeric ? "dkf-number" : "", column.wraps ? "dkf-wraps" : ""].join(" "), title: column.wraps ? "" : text,
          "data-value": COLOURED.has(column.name) ? text : null }, text);
      }));
    return made;
  });
  return element("table", { role: "grid", "aria-label": title, "aria-rowcount": String(state.total), "aria-multiselectable": "true" },
    element("thead", {}, head), element("tbody", {}, ...body));
}

function detailsPane(details, send) {
  const value = (cell) => {
    if (typeof cell !== "string")
      return element("td", {}, element("button", { type: "button", className: "dkf-link", onclick: () => send("open", { key: cell.open }) }, cell.text));
    return element("td", {}, cell);
  };
  return [
    element("div", { className: "dkf-details-head" },
      element("h3", {}, details.title),
      button("×", "Close the details", () => send("close_details"), { className: "dkf-close", "data-focus": "details/close" })),
    element("p", { className: "dkf-under" }, details.subtitle),
    ...details.sections.map((section) =>
      element("section", { "aria-label": section.title }, element("h4", {}, section.title),
        element("table", {}, element("tbody", {}, ...section.rows.map((row) =>
          element("tr", {}, ...row.map(value))))))),
  ];
}

function save(message, buffers) {
  const blob = new Blob([buffers[0]], { type: message.media_type });
  const link = element("a", { href: URL.createObjectURL(blob), download: message.name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function localState(model) {
  const hidden = {};
  return {
    row: 0,
    hidden: (state, column) => hidden[state.tab]?.[column.name] ?? column.wide,
    setHidden: (state, column, value) => { (hidden[state.tab] ??= {})[column.name] = value; },
  };
}

function render({ model, el }) {
  const local = localState(model);
  const send = (action, values = {}) => model.send({ action, ...values });
  const parts = {};
  for (const name of ["head", "chips", "facets", "tabs", "tools", "table", "details"])
    parts[name] = element("div", { className: `dkf-${name}` });
  Object.assign(parts.tabs, { role: "tablist" });
  parts.tabs.setAttribute("role", "tablist");
  parts.tabs.setAttribute("aria-label", "Tables");
  parts.facets.setAttribute("role", "region");
  parts.facets.setAttribute("aria-label", "Filters");
  parts.details.setAttribute("role", "region");
  const main = element("div", { className: "dkf-main" }, parts.tabs, parts.tools, parts.table);
  const body = element("div", { className: "dkf-body" }, parts.facets, main, parts.details);
  const root = element("div", { className: "dkf" }, parts.head, parts.chips, body);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.get("state").opened) { keep(event); send("close_details"); }
  });
  const drawn = {};

  // Draws a part again only when what it shows has changed, and keeps the focus where it was.
  const part = (name, shown, make) => {
    const text = JSON.stringify(shown);
    if (drawn[name] === text) return;
    drawn[name] = text;
    const host = parts[name];
    const focused = host.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.dataset.focus;
    const caret = focused?.type === "search" ? [focused.selectionStart, focused.selectionEnd] : null;
    const top = host.scrollTop;
    host.replaceChildren(...[make()].flat());
    host.scrollTop = top;
    if (key) {
      const again = host.querySelector(`[data-focus="${CSS.escape(key)}"]`);
      again?.focus({ preventScroll: true });
      if (caret && again) again.setSelectionRange(...caret);
    }
    // A link of the details led to other details: the focus stays in them, so that Escape closes them.
    if (focused && !host.contains(document.activeElement)) host.querySelector("button")?.focus({ preventScroll: true });
  };

  local.draw = () => {
    const state = model.get("state");
    if (!state.tabs) return;
    const hidden = state.columns.map((column) => local.hidden(state, column));
    local.row = Math.min(local.row, Math.max(0, state.rows.length - 1));
    part("head", [state.summary, state.note, state.can_refresh, state.every], () => header(state, send));
    part("chips", [state.chips, state.search], () => chips(state, send));
    part("facets", state.facets, () => state.facets.map((one) => facet(one, send)));
    part("tabs", [state.tabs, state.tab], () => tabs(state, send));
    part("tools", [state.tab, local.typing ?? state.search, state.columns, hidden, state.selected, state.page, state.total], () => toolbar(state, local, send));
    part("table", [state.tab, state.columns, hidden, state.rows, state.sort, state.total, state.opened, state.chips, state.search],
      () => (state.rows.length ? grid(state, local, send) : empty(state, send)));
    part("details", state.details, () => (state.details.title ? detailsPane(state.details, send) : []));
    root.classList.toggle("dkf-has-details", Boolean(state.details.title));
    parts.details.setAttribute("aria-label", state.details.title ? `Details of ${state.details.title}` : "Details");
  };
  local.focusRow = (number) => {
    const row = parts.table.querySelector(`[data-focus="row/${number}"]`);
    if (!row) return;
    local.row = number;
    for (const one of parts.table.querySelectorAll("tbody tr")) one.tabIndex = one === row ? 0 : -1;
    row.focus();
  };

  const resize = new ResizeObserver((entries) => {
    for (const entry of entries) root.classList.toggle("dkf-narrow", entry.contentRect.width < NARROW);
  });
  resize.observe(el);
  const received = (message, buffers) => {
    if (message.type === "file") save(message, buffers);
    if (message.type === "clipboard") navigator.clipboard.writeText(message.text);
  };
  model.on("change:state", local.draw);
  model.on("msg:custom", received);
  local.draw();
  el.append(root);
  return () => {
    resize.disconnect();
    model.off("change:state", local.draw);
    model.off("msg:custom", received);
  };
}

export default { render };
