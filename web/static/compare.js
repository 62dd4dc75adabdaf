/* The Compare tab: a matrix that fills while it is made, and is arranged by the person: pin, hide, move, read side by side. */
(() => {
  "use strict";
  const { make, button, $, all, announce, eachLine, post, save, remember } = window.casebook;
  const frame = () => $("#cb-compare");
  const form = () => $(".cb-compare-form", frame());
  const result = () => $("[data-compare-result]", frame());
  const model = { systems: [], rows: [], hidden: new Set(), pinned: new Set(), reading: new Set(), cells: new Map(), wanted: null };
  const id = (kind, name) => `${kind}:${name}`;
  const cellKey = (system, row) => JSON.stringify([system, row]);
  /* How much evidence: none, one quotation, up to three, up to six, more. */
  const level = (count) => count === 0 ? 0 : count === 1 ? 1 : count <= 3 ? 2 : count <= 6 ? 3 : 4;
  let stop = null, filled = 0;

  const wanted = () => {
    const chosen = (name) => all(`input[name="${name}"]`, form()).filter((n) => n.checked).map((n) => n.value);
    const every = all('input[name="systems"]', form()).length;
    const systems = chosen("systems");
    return { systems, every: systems.length === every, themes: chosen("themes"), questions: $("textarea", form()).value.split("\n").map((l) => l.trim()).filter(Boolean) };
  };
  const link = (w) => {
    const pairs = [["compare", w.themes.join(",")], ...(w.every ? [] : w.systems.map((s) => ["system", s])), ...w.questions.map((q) => ["ask", q])];
    remember(pairs);
  };
  const told = (words) => { $("[data-compare-told]", form()).textContent = words; };

  const run = async () => {
    if (stop) stop.abort();
    const w = wanted();
    if (!w.systems.length) { told("Choose at least one system."); return; }
    if (!w.themes.length && !w.questions.length) { told("Choose at least one theme, or write a question of your own."); return; }
    const mine = stop = new AbortController();
    model.wanted = { systems: w.systems, themes: w.themes, questions: w.questions };
    link(w);
    const bar = $("progress", form()), halt = $('[data-do="stop-compare"]', form());
    bar.hidden = halt.hidden = false; bar.removeAttribute("value"); told("Reading …");
    filled = 0;
    try {
      const response = await fetch("compare/cells", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(model.wanted), signal: mine.signal });
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "The comparison failed. Try again.");
      await eachLine(response, (one) => take(one, bar));
      finish(`${filled} cells filled.`);
    } catch (error) {
      if (mine !== stop) return;
      if (error.name === "AbortError") finish(`Stopped after ${filled} cells.`); else finish(error.message);
    }
  };
  const take = (line, bar) => {
    if (line.error) throw new Error(line.error);
    if (line.systems) { start(line); return; }
    const cell = model.cells.get(cellKey(line.system, line.row));
    if (!cell) return;
    cell.className = `cb-cell cb-${line.state}`;
    cell.dataset.count = line.count;
    // Cells are escaped where they are made: see web/html.py.
    $(".cb-cell-body", cell).innerHTML = line.html;
    $(".cb-heat", cell).dataset.level = level(line.count);
    for (const square of all(`[data-square="${CSS.escape(cellKey(line.system, line.row))}"]`, result())) { square.dataset.level = level(line.count); square.dataset.state = line.state; }
    filled += 1;
    bar.max = model.systems.length * model.rows.length; bar.value = filled;
    told(`${filled} of ${bar.max} cells`);
  };
  const finish = (words) => {
    stop = null;
    $("progress", form()).hidden = true; $('[data-do="stop-compare"]', form()).hidden = true;
    told(words);
    for (const cell of model.cells.values()) if (cell.classList.contains("cb-pending")) { cell.classList.remove("cb-pending"); $(".cb-cell-body", cell).textContent = "Not filled: stopped before its turn."; }
    if (result()) result().dataset.done = "1";
  };
  const start = (axes) => {
    Object.assign(model, { systems: axes.systems, rows: axes.rows, cells: new Map() });
    model.reading.clear();
    for (const [row] of axes.rows) for (const system of axes.systems) {
      model.cells.set(cellKey(system, row), make("td", { className: "cb-cell cb-pending", "data-label": system },
        make("span", { className: "cb-heat", "aria-hidden": "true" }, make("i"), make("i"), make("i"), make("i")),
        make("div", { className: "cb-cell-body" }, make("span", { className: "cb-dots", textContent: "…" }))));
    }
    delete result().dataset.done;
    $(".cb-what", form()).open = false;
    const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
    $("[data-what]", form()).textContent = `Comparing ${count(axes.systems.length, "system")} on ${count(axes.rows.length, "row")}. Change`;
    draw();
  };

  /* --- arranging --- */
  const shownOf = (kind, names) => {
    const visible = names.filter((n) => !model.hidden.has(id(kind, n)) && (kind !== "system" || !model.reading.size || model.reading.size < 2 || model.reading.has(n)));
    return [...visible.filter((n) => model.pinned.has(id(kind, n))), ...visible.filter((n) => !model.pinned.has(id(kind, n)))];
  };
  const menu = (kind, name, label, names) => {
    const key = id(kind, name), words = kind === "system" ? ["Move left", "Move right"] : ["Move up", "Move down"];
    const act = (text, action) => button(text, () => { action(); draw(); const again = all("[data-menu]", result()).find((n) => n.dataset.menu === key); if (again) $("summary", again).focus(); else $(".cb-matrix-scroll").focus(); }, { className: "cb-link" });
    const move = (by) => { const i = names.findIndex((n) => (Array.isArray(n) ? n[0] : n) === name), j = i + by; if (j >= 0 && j < names.length) [names[i], names[j]] = [names[j], names[i]]; };
    return make("details", { className: "cb-menu", "data-menu": key }, make("summary", { "aria-label": `Arrange ${label}`, textContent: "Arrange" }),
      make("div", {}, act(model.pinned.has(key) ? "Unpin" : "Pin", () => { model.pinned.has(key) ? model.pinned.delete(key) : model.pinned.add(key); }),
        act("Hide", () => model.hidden.add(key)), act(words[0], () => move(-1)), act(words[1], () => move(1))));
  };
  const draw = () => {
    const rowNames = model.rows.map((r) => r[0]);
    const systems = shownOf("system", model.systems), rows = shownOf("row", rowNames);
    const labelOf = new Map(model.rows.map(([n, label]) => [n, label]));
    const head = make("tr", {}, make("td", { className: "cb-corner" }),
      ...systems.map((s) => make("th", { scope: "col", className: model.pinned.has(id("system", s)) ? "cb-pinned" : "" }, make("bdi", { textContent: s }), menu("system", s, s, model.systems))));
    const body = rows.map((row) => {
      const label = labelOf.get(row), hint = model.rows.find((r) => r[0] === row)[2];
      const strip = make("span", { className: "cb-strip", "aria-hidden": "true" }, ...systems.map((s) => {
        const cell = model.cells.get(cellKey(s, row));
        return make("i", { "data-square": cellKey(s, row), title: s, "data-level": cell.dataset.count ? level(+cell.dataset.count) : "" });
      }));
      return make("tr", { className: model.pinned.has(id("row", row)) ? "cb-pinned" : "" },
        make("th", { scope: "row" }, make("bdi", { textContent: label }), ...(hint ? [make("p", { textContent: hint })] : []), strip, menu("row", row, label, model.rows)),
        ...systems.map((s) => { const cell = model.cells.get(cellKey(s, row)); cell.classList.toggle("cb-pinned", model.pinned.has(id("system", s))); return cell; }));
    });
    const table = make("table", { className: "cb-matrix" }, make("caption", { className: "cb-hidden", textContent: "Systems by theme or question" }), make("thead", {}, head), make("tbody", {}, ...body));
    const old = $(".cb-matrix-scroll", result());
    const at = old ? [old.scrollLeft, old.scrollTop] : [0, 0];
    const scroll = make("div", { className: "cb-matrix-scroll", tabIndex: 0, role: "region", "aria-label": "Comparison", "data-citations": "" }, table);
    result().replaceChildren(bar(), scroll);
    result().classList.toggle("cb-reading", model.reading.size >= 2);
    [scroll.scrollLeft, scroll.scrollTop] = at;
  };
  const bar = () => {
    const hidden = [...model.hidden].filter((k) => k.startsWith("system:") ? model.systems.includes(k.slice(7)) : model.rows.some((r) => r[0] === k.slice(4)));
    const name = (k) => k.startsWith("system:") ? k.slice(7) : model.rows.find((r) => r[0] === k.slice(4))[1];
    const read = make("fieldset", { className: "cb-read" }, make("legend", { textContent: "Read two or three side by side" }), ...model.systems.map((s) => {
      const box = make("input", { type: "checkbox", checked: model.reading.has(s), disabled: model.reading.size >= 3 && !model.reading.has(s), onchange: () => {
        box.checked ? model.reading.add(s) : model.reading.delete(s);
        const label = s; draw();
        for (const d of all(".cb-cell details", result())) d.open = model.reading.size >= 2;
        const again = all(".cb-read label", result()).find((n) => n.textContent.trim() === label); if (again) $("input", again).focus();
      } });
      return make("label", { className: "cb-box" }, box, " ", make("bdi", { textContent: s }));
    }));
    const exports = make("div", { className: "cb-exports", role: "group", "aria-label": "Export the comparison" }, ...[["markdown", "Markdown"], ["docx", "Word"], ["csv", "CSV"], ["bibtex", "BibTeX"], ["ris", "RIS"], ["csl-json", "CSL-JSON"]]
      .map(([format, label]) => button(label, async () => { try { await save(await post(`compare/export/${format}`, model.wanted)); announce("The file was saved."); } catch (error) { told(error.message); } }, { className: "cb-plain", "data-format": format })));
    const shelf = hidden.length ? make("p", { className: "cb-hidden-list" }, "Hidden: ", ...hidden.map((k) => button(`Show ${name(k)}`, () => { model.hidden.delete(k); draw(); $(".cb-matrix-scroll").focus(); }, { className: "cb-link" }))) : "";
    return make("div", { className: "cb-matrix-bar" }, read, make("details", { className: "cb-take" }, make("summary", { textContent: "Export the comparison" }), exports), shelf);
  };

  const tick = (on) => all('input[name="themes"]', form()).forEach((n) => { n.checked = on; });
  window.casebookActions = { ...(window.casebookActions || {}), "all-themes": () => tick(true), "no-themes": () => tick(false), "stop-compare": () => { if (stop) stop.abort(); } };
  document.addEventListener("submit", (event) => { if (event.target.matches(".cb-compare-form")) { event.preventDefault(); run(); } });
  const followLink = () => {
    const w = new URLSearchParams(location.search);
    if (!w.has("compare")) return;
    const themes = w.get("compare").split(",").filter(Boolean), systems = w.getAll("system");
    all('input[name="themes"]', form()).forEach((n) => { n.checked = themes.includes(n.value); });
    if (systems.length) all('input[name="systems"]', form()).forEach((n) => { n.checked = systems.includes(n.value); });
    $("textarea", form()).value = w.getAll("ask").join("\n");
    run();
  };
  new MutationObserver(async () => {
    const holder = frame() && $("[data-compare-form]", frame());
    if (!holder || holder.dataset.filled) return;
    holder.dataset.filled = "1";
    const response = await fetch("compare/form");
    if (!response.ok) { holder.textContent = (await response.json().catch(() => ({}))).error || "The comparison cannot be shown."; return; }
    holder.innerHTML = await response.text();
    if (form()) followLink();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
