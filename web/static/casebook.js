/* What the page does by itself: show a cited page with its words marked, keep evidence, copy, theme, links, compare table.
   Document text is only ever put in with textContent or as an attribute; nothing here makes HTML out of it. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in node && !name.includes("-")) node[name] = value; else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };
  const button = (label, action, properties = {}) => make("button", { type: "button", textContent: label, onclick: action, ...properties });
  const narrow = () => window.matchMedia("(max-width: 899px)").matches;

  /* --- announcements --- */
  const live = make("div", { id: "cb-live", className: "cb-hidden", role: "status", "aria-live": "polite" });
  const announce = (words) => { live.textContent = ""; setTimeout(() => { live.textContent = words; }, 50); };

  /* --- citations --- */
  const citation = (node) => {
    const d = node.dataset;
    return {
      document: d.doc, page: +d.page, label: d.label, start: +d.start, end: +d.end, quote: d.quote, title: d.title,
      system: d.system, pages: +d.pages, version: d.version, note: d.note || "",
    };
  };
  const key = (c) => [c.document, c.page, c.start, c.end].join("|");
  const pageUrl = (c, kind) => {
    const range = kind === "json" ? `&start=${c.start}&end=${c.end}` : "";
    return `pages/${encodeURIComponent(c.document)}/${c.page}.${kind}?v=${c.version || ""}${range}`;
  };
  const pdfUrl = (c) => `files/${encodeURIComponent(c.document)}.pdf#page=${c.page}`;
  const linkTo = (c) => {
    const url = new URL(location.href);
    url.search = new URLSearchParams({ doc: c.document, page: c.page, start: c.start, end: c.end }).toString();
    url.hash = "";
    return url.href;
  };
  const boxes = new Map();
  const fetchBoxes = (c) => {
    const url = pageUrl(c, "json");
    if (!boxes.has(url)) {
      boxes.set(url, fetch(url).then((r) => r.json().then((j) => { if (!r.ok) throw new Error(j.error || "The page cannot be shown."); return j; }))
        .catch((error) => { boxes.delete(url); throw error; }));
    }
    return boxes.get(url);
  };
  const ready = new Map();
  const fetchPicture = (c) => {
    const url = pageUrl(c, "jpg");
    if (!ready.has(url)) {
      const image = new Image();
      image.src = url;
      ready.set(url, image.decode().then(() => url).catch(() => { ready.delete(url); throw new Error("The page cannot be drawn."); }));
      if (ready.size > 60) ready.delete(ready.keys().next().value);
    }
    return ready.get(url);
  };
  /* Pages an answer cites are fetched while it is read, so that a click shows them at once. */
  const prefetch = (root) => {
    const idle = window.requestIdleCallback || ((f) => setTimeout(f, 60));
    const found = all("[data-cite]", root).slice(0, 12).map(citation);
    idle(() => found.forEach((c) => { fetchPicture(c).catch(() => {}); fetchBoxes(c).catch(() => {}); }), { timeout: 500 });
  };

  /* --- the viewer --- */
  const view = { list: [], index: -1, opener: null, current: null, turn: 0 };
  let viewer;
  const buildViewer = () => {
    const part = (tag, name, properties = {}) => make(tag, { className: name, ...properties });
    viewer = make("aside", { id: "cb-viewer", hidden: true, "aria-labelledby": "cb-viewer-title" });
    const title = part("h2", "cb-viewer-title", { id: "cb-viewer-title", tabIndex: -1 });
    const where = part("p", "cb-viewer-where");
    const close = button("Close", closeViewer, { className: "cb-plain cb-close", "aria-keyshortcuts": "Escape" });
    const tools = make("div", { className: "cb-viewer-tools", role: "toolbar", "aria-label": "Page tools" },
      button("Previous citation", () => step(-1), { className: "cb-plain cb-previous", "aria-keyshortcuts": "ArrowLeft" }),
      button("Next citation", () => step(1), { className: "cb-plain cb-next", "aria-keyshortcuts": "ArrowRight" }),
      button("Page before", () => turnPage(-1), { className: "cb-plain cb-back", "aria-keyshortcuts": "PageUp" }),
      button("Page after", () => turnPage(1), { className: "cb-plain cb-forward", "aria-keyshortcuts": "PageDown" }),
      make("a", { className: "cb-plain cb-pdf", textContent: "Open PDF at this page", target: "_blank", rel: "noopener" }),
      button("Copy quotation with citation", () => copyQuotation(view.current), { className: "cb-plain cb-copy" }),
      button("Copy link", () => copy(linkTo(view.current), "The link was copied."), { className: "cb-plain cb-copy-link" }),
      button("Keep", () => keep(view.current), { className: "cb-plain cb-keep" }));
    const sheet = make("div", { className: "cb-sheet", tabIndex: 0, role: "region", "aria-label": "Picture of the page" },
      make("div", { className: "cb-page" }, make("img", { alt: "" }), make("div", { className: "cb-marks" })));
    const quote = part("blockquote", "cb-viewer-quote");
    quote.tabIndex = 0;  // it scrolls when the quotation is long, so the keyboard must reach it
    const note = part("p", "cb-viewer-note", { role: "status" });
    const words = make("details", { className: "cb-viewer-text" }, make("summary", { textContent: "Text of this page" }), make("p", { dir: "auto" }));
    viewer.append(make("div", { className: "cb-viewer-head" }, make("div", {}, title, where), close), tools, note, quote, sheet, words);
    viewer.addEventListener("keydown", (event) => {
      if (event.key === "Escape") closeViewer();
      else if (event.key === "ArrowLeft" && !event.altKey) step(-1);
      else if (event.key === "ArrowRight" && !event.altKey) step(1);
      else if (event.key === "PageUp" && event.target !== $(".cb-sheet")) turnPage(-1);
      else if (event.key === "PageDown" && event.target !== $(".cb-sheet")) turnPage(1);
      else return;
      event.preventDefault();
    });
    document.body.append(viewer);
  };
  const closeViewer = () => {
    if (!viewer || viewer.hidden) return;
    viewer.hidden = true;
    view.turn += 1;
    document.body.classList.remove("cb-viewing");
    quiet(false);
    all(".cb-cite[aria-current]").forEach((n) => n.removeAttribute("aria-current"));
    const back = view.opener && view.opener.isConnected ? view.opener : $("#cb-question textarea, #cb-question input");
    if (back) back.focus();
    view.opener = null;
  };
  /* On a small screen the viewer covers the page: what is behind it must not take the focus. */
  const quiet = (on) => all("body > gradio-app, body > .gradio-container").forEach((n) => { n.inert = on && narrow(); });
  const open = (node) => {
    const shelf = node.closest("[data-citations]");
    view.list = shelf ? all("[data-cite]", shelf).filter((n) => n.offsetParent !== null || n === node) : [node];
    view.index = view.list.indexOf(node);
    view.opener = node;
    show(citation(node), true);
  };
  const step = (by) => {
    const next = view.list[view.index + by];
    if (!next) { announce(by > 0 ? "This is the last citation." : "This is the first citation."); return; }
    view.index += by;
    view.opener = next;
    show(citation(next), false);
  };
  const turnPage = (by) => {
    const c = view.current;
    const page = c.page + by;
    if (page < 1 || page > (c.pages || page)) return;
    show({ ...c, page, label: String(page), start: 0, end: 0, quote: "" }, false);
  };
  const show = async (c, focus) => {
    if (!viewer) buildViewer();
    const turn = ++view.turn;
    view.current = c;
    viewer.hidden = false;
    document.body.classList.add("cb-viewing");
    all(".cb-cite[aria-current]").forEach((n) => n.removeAttribute("aria-current"));
    if (c.quote && view.list[view.index]) view.list[view.index].setAttribute("aria-current", "true");
    describe(c);
    const sheet = $(".cb-sheet", viewer), image = $("img", sheet), marks = $(".cb-marks", sheet);
    marks.replaceChildren();
    sheet.classList.add("cb-busy");
    if (focus) { $(".cb-viewer-title", viewer).focus({ preventScroll: true }); quiet(true); }
    const started = performance.now();
    try {
      const picture = fetchPicture(c);
      picture.catch(() => {});
      const found = await fetchBoxes(c);  // its error says what is wrong; a picture's cannot
      const url = await picture;
      if (turn !== view.turn) return;
      image.src = url;
      image.alt = `Page ${found.label || found.page} of ${found.title}`;
      view.current = { ...c, title: found.title, system: found.system, pages: found.pages, label: found.label, version: found.version, quote: c.end > c.start ? found.quote : "" };
      describe(view.current);
      $(".cb-viewer-text p", viewer).textContent = found.text || "This page holds no text.";
      marks.replaceChildren(...found.boxes.map((b) => make("mark", { style: `left:${100 * b.left}%;top:${100 * b.top}%;width:${100 * b.width}%;height:${100 * b.height}%` })));
      sheet.classList.remove("cb-busy");
      if (c.end > c.start && !found.boxes.length) say("The words are in the text of this page, but where they stand on its picture is not certain, so nothing is marked.");
      const first = marks.firstElementChild;
      sheet.scrollTop = first ? Math.max(0, first.offsetTop - sheet.clientHeight / 3) : 0;
      viewer.dataset.shown = key(view.current);
      viewer.dataset.milliseconds = Math.round(performance.now() - started);
      if (!focus) announce(`${view.current.title}, page ${view.current.label}`);
    } catch (error) {
      if (turn !== view.turn) return;
      sheet.classList.remove("cb-busy");
      image.removeAttribute("src");
      image.alt = "";
      say(error.message);
    }
  };
  const say = (words) => { $(".cb-viewer-note", viewer).textContent = words; };
  const describe = (c) => {
    $(".cb-viewer-title", viewer).textContent = c.title || c.document;
    $(".cb-viewer-where", viewer).textContent = `${c.system ? c.system + " · " : ""}page ${c.label}${c.pages ? ` (${c.page} of ${c.pages})` : ""}`;
    const quote = $(".cb-viewer-quote", viewer);
    quote.textContent = c.quote || "";
    quote.hidden = !c.quote;
    $(".cb-pdf", viewer).href = pdfUrl(c);
    for (const name of ["cb-copy", "cb-keep"]) $(`.${name}`, viewer).disabled = !c.quote;
    $(".cb-keep", viewer).textContent = c.quote && kept().some((k) => key(k) === key(c)) ? "Kept" : "Keep";
    $(".cb-previous", viewer).disabled = view.index <= 0;
    $(".cb-next", viewer).disabled = view.index < 0 || view.index >= view.list.length - 1;
    $(".cb-back", viewer).disabled = c.page <= 1;
    $(".cb-forward", viewer).disabled = !!c.pages && c.page >= c.pages;
    say("");
  };

  /* --- copying --- */
  const copy = async (words, told) => {
    try { await navigator.clipboard.writeText(words); } catch {
      const area = make("textarea", { value: words, className: "cb-hidden" });
      document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    toast(told);
  };
  const copyQuotation = (c) => copy(`“${c.quote}” (${c.title}, p. ${c.label})`, "The quotation and its citation were copied.");
  let fading;
  const toast = (words) => {
    announce(words);
    let node = $("#cb-toast");
    if (!node) { node = make("div", { id: "cb-toast", "aria-hidden": "true" }); document.body.append(node); }
    node.textContent = words; node.classList.add("cb-on");
    clearTimeout(fading); fading = setTimeout(() => node.classList.remove("cb-on"), 2500);
  };

  /* --- the evidence tray: in this browser only --- */
  const SHELF = "casebook-evidence";
  const kept = () => { try { return JSON.parse(localStorage.getItem(SHELF)) || []; } catch { return []; } };
  const store = (items) => { localStorage.setItem(SHELF, JSON.stringify(items)); counts(); if (tray && !tray.hidden) fillTray(); };
  const keep = (c) => {
    const items = kept();
    const there = items.findIndex((k) => key(k) === key(c));
    if (there >= 0) items.splice(there, 1); else items.push(c);
    store(items);
    toast(there >= 0 ? "Taken out of the evidence." : `Kept as evidence: ${items.length} in all.`);
    if (viewer && !viewer.hidden && view.current) describe(view.current);
  };
  const counts = () => {
    const items = kept(), keys = new Set(items.map(key));
    all("[data-tray-count]").forEach((n) => { n.textContent = items.length; });
    all('[data-do="keep"]').forEach((n) => {
      const holder = n.closest("[data-quotation]");
      const on = holder && keys.has(key(citation(holder)));
      n.setAttribute("aria-pressed", String(!!on)); n.textContent = on ? "Kept" : "Keep";
    });
  };
  const FORMATS = [["markdown", "Markdown"], ["docx", "Word"], ["csv", "CSV"], ["bibtex", "BibTeX"], ["ris", "RIS"], ["csl-json", "CSL-JSON"]];
  let tray, trayOpener;
  const buildTray = () => {
    tray = make("aside", { id: "cb-tray", hidden: true, "aria-labelledby": "cb-tray-title" },
      make("div", { className: "cb-viewer-head" }, make("h2", { id: "cb-tray-title", tabIndex: -1, textContent: "Evidence" }),
        button("Close", closeTray, { className: "cb-plain cb-close" })),
      make("div", { className: "cb-tray-body" }),
      make("p", { className: "cb-viewer-note", role: "status" }));
    tray.addEventListener("keydown", (event) => { if (event.key === "Escape") closeTray(); });
    document.body.append(tray);
  };
  const openTray = (opener) => {
    if (!tray) buildTray();
    if (!tray.hidden) { closeTray(); return; }
    trayOpener = opener; tray.hidden = false; fillTray(); quiet(true); $("#cb-tray-title").focus();
  };
  const closeTray = () => { tray.hidden = true; quiet(false); if (trayOpener && trayOpener.isConnected) trayOpener.focus(); };
  const fillTray = () => {
    const items = kept(), body = $(".cb-tray-body", tray);
    if (!items.length) {
      body.replaceChildren(make("p", { textContent: "Nothing is kept yet. Choose “Keep” under a quotation and it is collected here, with its page, ready for your report. It stays in this browser only." }));
      return;
    }
    const list = make("ol", { className: "cb-kept", "data-citations": "" });
    items.forEach((c, i) => {
      const cite = make("button", { type: "button", className: "cb-cite", textContent: i + 1, "aria-label": `Citation ${i + 1}: ${c.title}, p. ${c.label}. Show the page` });
      Object.assign(cite.dataset, { cite: "", doc: c.document, page: c.page, label: c.label, start: c.start, end: c.end, quote: c.quote, title: c.title, system: c.system, pages: c.pages, version: c.version, note: c.note || "" });
      list.append(make("li", {}, make("blockquote", {}, make("bdi", { textContent: c.quote + " " }), cite),
        make("p", { className: "cb-source" }, make("span", { textContent: `${c.title}, p. ${c.label}` }),
          button("Remove", () => { store(kept().filter((k) => key(k) !== key(c))); $("#cb-tray-title").focus(); }, { className: "cb-link", "aria-label": `Remove citation ${i + 1}` }))));
    });
    const bar = make("div", { className: "cb-exports", role: "group", "aria-label": "Export" }, make("p", { className: "cb-label", textContent: "Export with page and quotation" }),
      ...FORMATS.map(([format, label]) => button(label, () => download(format), { className: "cb-plain", "data-format": format })),
      button("Remove all", () => { store([]); $("#cb-tray-title").focus(); }, { className: "cb-link cb-clear" }));
    body.replaceChildren(list, bar);
  };
  const save = async (response) => {
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "The export failed. Try again.");
    const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") || "");
    const url = URL.createObjectURL(await response.blob());
    const link = make("a", { href: url, download: name ? name[1] : "evidence" });
    document.body.append(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 5000);
  };
  const post = (url, value) => fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
  const download = async (format) => {
    const note = $(".cb-viewer-note", tray);
    note.textContent = "Preparing the file …";
    try { await save(await post(`export/${format}`, { items: kept() })); note.textContent = "The file was saved."; }
    catch (error) { note.textContent = error.message; }
  };

  /* --- theme --- */
  const setTheme = (dark) => { document.body.classList.toggle("dark", dark); document.documentElement.style.colorScheme = dark ? "dark" : "light"; };
  const applyTheme = () => {
    const wanted = localStorage.getItem("casebook-theme");
    setTheme(wanted ? wanted === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches);
  };
  const flipTheme = () => { const dark = !document.body.classList.contains("dark"); localStorage.setItem("casebook-theme", dark ? "dark" : "light"); setTheme(dark); announce(dark ? "Dark" : "Light"); };

  /* --- links and tabs --- */
  const remember = (values) => {
    const url = new URL(location.href);
    url.search = new URLSearchParams(values).toString();
    history.replaceState(null, "", url);
  };
  const goTo = (name) => { const tab = all('#cb-tabs [role="tab"], #cb-tabs .overflow-dropdown button').find((n) => n.textContent.trim() === name); if (tab) tab.click(); return !!tab; };
  const TABS = { ask: "Ask", search: "Search", compare: "Compare", library: "Library", quality: "How good is it" };
  const type = (selector, value) => {
    const field = $(`${selector} textarea, ${selector} input, input${selector}`);
    const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set;
    set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const run = (tab, field, value, go) => {
    goTo(TABS[tab]);
    setTimeout(() => { type(field, value); setTimeout(() => $(go).click(), 30); }, 30);
  };
  const followLink = () => {
    const wanted = new URLSearchParams(location.search);
    if (wanted.get("tab") in TABS) goTo(TABS[wanted.get("tab")]);
    else if (wanted.has("compare")) goTo(TABS.compare);
    if (wanted.has("doc")) {
      const number = (name) => Math.max(0, parseInt(wanted.get(name) || "0", 10) || 0);
      view.list = []; view.index = -1; view.opener = null;
      show({ document: wanted.get("doc"), page: number("page") || 1, label: wanted.get("page") || "1", start: number("start"), end: number("end"), quote: "", title: "", system: "", pages: 0, version: "" }, true);
    }
  };

  /* --- waiting --- */
  const skeleton = (id) => {
    const target = $(`#${id}`);
    if (!target) return;
    let node = $(".cb-skeleton", target.parentElement);
    if (!node) {
      node = make("div", { className: "cb-skeleton", "aria-hidden": "true" }, ...[90, 100, 72, 0, 96, 84].map((w) => make("i", { style: `width:${w}%` })));
      target.before(node);
    }
    target.classList.add("cb-waiting");
    clearTimeout(node.timer);
    node.timer = setTimeout(() => done(id), 30000);
  };
  const done = (id) => {
    const target = $(`#${id}`);
    if (!target) return;
    target.classList.remove("cb-waiting");
    all(".cb-skeleton", target.parentElement).forEach((n) => n.remove());
  };

  /* --- source and page of a citation, on hover and on focus; kept inside the window --- */
  const tip = make("div", { id: "cb-tip", hidden: true, "aria-hidden": "true" });
  const showTip = (node) => {
    tip.textContent = node.dataset.tip;
    tip.hidden = false;
    const at = node.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8))}px`;
    tip.style.top = `${at.top > size.height + 10 ? at.top - size.height - 6 : at.bottom + 6}px`;
  };
  for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => { const node = event.target.closest && event.target.closest("[data-tip]"); if (node && (on === "mouseover" || node.matches(":focus-visible"))) showTip(node); });
    document.addEventListener(off, () => { tip.hidden = true; });
  }
  document.addEventListener("scroll", () => { tip.hidden = true; }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  /* --- one listener for the whole page --- */
  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest && event.target.closest(selector);
    const cite = hit("[data-cite]");
    if (cite) { open(cite); return; }
    const ask = hit("[data-ask]"), search = hit("[data-search]"), tab = hit("[data-tab]"), act = hit("[data-do]");
    if (ask) run("ask", "#cb-question", ask.dataset.ask, "#cb-ask");
    else if (search) run("search", "#cb-words", search.dataset.search, "#cb-search");
    else if (tab) { goTo(TABS[tab.dataset.tab]); window.scrollTo({ top: 0 }); }
    else if (act) {
      const holder = act.closest("[data-quotation]");
      const actions = {
        copy: () => copyQuotation(citation(holder)), keep: () => keep(citation(holder)), tray: () => openTray(act), theme: flipTheme,
        ...(window.casebookActions || {}),
      };
      const action = actions[act.dataset.do];
      if (action) action(act);
    }
  });
  /* A language model's sentences, put above the quotations as they come. */
  const write = async (section) => {
    if (section.dataset.begun === section.dataset.prose) return;
    section.dataset.begun = section.dataset.prose;
    $("[data-sentences]", section).replaceChildren();
    const target = $("[data-sentences]", section), shelf = section.closest(".cb-answer");
    const say = (one) => {
      if (one.error) { target.append(make("span", { className: "cb-bad", textContent: ` ${one.error}` })); return; }
      const sentence = make(one.supported ? "span" : "s", { className: one.supported ? "cb-supported" : "cb-unsupported", textContent: one.text + " " });
      target.append(sentence);
      for (const n of one.cites) {
        const there = all(".cb-statements .cb-statement", shelf)[n - 1];
        const cite = there && $(".cb-cite", there);
        if (cite) target.append(button(cite.textContent, () => cite.click(), { className: "cb-cite", "aria-label": `Citation ${cite.textContent}. Show the page` }), " ");
      }
      if (!one.supported) target.append(make("small", { className: "cb-bad", textContent: `(not supported: ${one.problem || "the quotations do not say this"}) ` }));
    };
    try {
      const response = await post("prose", { question: section.dataset.prose });
      await eachLine(response, say);
    } catch { say({ error: "The language model broke off. The quotations stand without it." }); }
  };

  /* Gradio changes an answer in place, so what comes after one is told by it and not seen as new nodes. */
  const answered = () => {
    const shelf = $("#cb-answer"), told = $("[data-announce]", shelf), prose = $("[data-prose]", shelf);
    done("cb-answer");
    if (told) announce(told.dataset.announce);
    document.body.classList.toggle("cb-asked", !!$(".cb-answer", shelf));
    all("[data-cite][aria-current]", shelf).forEach((n) => n.removeAttribute("aria-current"));
    if (prose) write(prose);
    prefetch(shelf);
    counts();
  };

  let pending;
  const noticed = (records) => {
    for (const record of records) for (const node of record.addedNodes) {
      if (node.nodeType !== 1) continue;
      const told = node.matches("[data-announce]") ? node : $("[data-announce]", node);
      if (told && !told.closest("#cb-answer")) announce(told.dataset.announce);
      if (node.matches("[data-citations]")) prefetch(node); else { const c = $("[data-citations]", node); if (c) prefetch(c); }
      clearTimeout(pending); pending = setTimeout(counts, 30);
    }
  };

  /* Calls take(record) for every line of JSON of a response, as it comes. */
  async function eachLine(response, take) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.filter(Boolean)) take(JSON.parse(line));
    }
  }

  window.casebook = {
    eachLine,
    loading: skeleton, done, announce, remember, post, save, make, button, all, $, toast,
    answered,
    asking: (q) => { if (q.trim()) { skeleton("cb-answer"); remember({ q }); } },
    restart: () => { document.body.classList.remove("cb-asked"); history.replaceState(null, "", location.pathname); const f = $("#cb-question textarea, #cb-question input"); if (f) f.focus(); },
  };
  const begin = () => {
    document.documentElement.lang = "en";
    document.body.append(live, tip);
    applyTheme();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
    new MutationObserver(noticed).observe(document.body, { childList: true, subtree: true });
    const waiting = setInterval(() => { if ($("#cb-question")) { clearInterval(waiting); applyTheme(); counts(); followLink(); document.body.dataset.ready = "1"; } }, 50);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();
})();
