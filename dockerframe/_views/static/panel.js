// What is known of one thing: a heading and sections of rows. Every text becomes a text node.

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function cell(model, value) {
  if (typeof value === "string") return element("td", {}, value);
  const link = element("button", { type: "button", className: "dkf-link" }, value.text);
  link.addEventListener("click", () => model.send({ open: value.open }));
  return element("td", {}, link);
}

function section(model, { title, rows }) {
  const body = element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value) => cell(model, value)))));
  return element("section", {}, element("h4", {}, title), element("table", {}, body));
}

function render({ model, el }) {
  el.classList.add("dkf");
  const draw = () => {
    const content = model.get("content");
    if (!content.title) return el.replaceChildren();
    const panel = element(
      "div",
      { className: "dkf-panel" },
      element("h3", {}, content.title),
      element("p", { className: "dkf-under" }, content.subtitle),
      element("div", { className: "dkf-sections" }, ...content.sections.map((one) => section(model, one))),
    );
    panel.setAttribute("role", "region");
    panel.setAttribute("aria-label", `Details of ${content.title}`);
    el.replaceChildren(panel);
  };
  model.on("change:content", draw);
  draw();
}

export default { render };
