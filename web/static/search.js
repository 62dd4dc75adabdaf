/* The Search tab: the form's state is the address of its results. */
(() => {
  "use strict";
  const { $, all, announce, loading, done, remember } = window.casebook;
  const frame = () => $("[data-search-frame]");
  const form = () => $(".cb-search-form");
  const marks = { good: new Set(), bad: new Set() };
  let like = "", page = 1, turn = 0;

  const address = () => {
    const pairs = [...new FormData(form())].filter(([, value]) => value);
    for (const kind of ["good", "bad"]) for (const id of marks[kind]) pairs.push([kind, id]);
    if (like) pairs.push(["like", like]);
    if (page > 1) pairs.push(["page", page]);
    return new URLSearchParams(pairs.filter(([name, value]) => !(name === "sort" && value === "best")));
  };
  const run = async (keepFocus) => {
    const mine = ++turn, query = address();
    if (!query.get("q") && !like) return;
    remember([["tab", "search"], ...query]);
    const waiting = setTimeout(() => loading("cb-hits"), 150);
    try {
      const response = await fetch(`find?${query}`);
      const value = await response.json();
      if (mine !== turn) return;
      if (!response.ok) throw new Error(value.error || "The search failed. Try other words.");
      // Results are escaped where they are made: see web/html.py.
      $("[data-search-result]").innerHTML = value.html;
      count(value.counts);
    } catch (error) {
      if (mine === turn) { $("[data-search-result]").textContent = error.message; announce(error.message); }
    }
    clearTimeout(waiting); done("cb-hits");
    $('[data-do="clear-marks"]', form()).hidden = !marks.good.size && !marks.bad.size;
    const ticked = all(".cb-filters input", form()).filter((n) => n.checked).length;
    $("[data-filter-count]", form()).textContent = ticked ? ` (${ticked} on)` : "";
    if (keepFocus) { const again = all("[data-do]", frame()).find((n) => n.dataset.do === keepFocus.do && n.dataset.id === keepFocus.id && n.dataset.mark === keepFocus.mark); if (again) again.focus({ preventScroll: true }); }
  };
  const count = (counts) => {
    for (const box of all(".cb-filters input", form())) {
      const number = counts[box.name] ? counts[box.name][box.value] || 0 : "";
      $("[data-count]", box.closest("label")).textContent = number === "" ? "" : `(${number})`;
    }
  };
  const afresh = () => { like = ""; page = 1; };
  const top = () => { const found = $("#cb-hits .cb-cite"); frame().scrollIntoView(); if (found) found.focus({ preventScroll: true }); };
  window.casebookActions = { ...(window.casebookActions || {}),
    mark: (node) => {
      const { mark, id } = node.dataset, other = mark === "good" ? "bad" : "good";
      if (marks[mark].has(id)) marks[mark].delete(id); else { marks[mark].add(id); marks[other].delete(id); }
      page = 1; run(node.dataset);
    },
    like: (node) => { like = node.dataset.id; page = 1; run().then(top); },
    "search-again": () => { afresh(); run().then(top); },
    turn: (node) => { page = +node.dataset.to; run().then(top); },
    "clear-marks": () => { marks.good.clear(); marks.bad.clear(); page = 1; run(); $("#cb-words").focus(); },
  };
  document.addEventListener("submit", (event) => { if (event.target.matches(".cb-search-form")) { event.preventDefault(); afresh(); marks.good.clear(); marks.bad.clear(); run(); } });
  document.addEventListener("change", (event) => { if (event.target.closest(".cb-search-form") && event.target.name !== "q") { page = 1; run(); } });
  const followLink = () => {
    const wanted = new URLSearchParams(location.search);
    if (wanted.get("tab") !== "search" || !(wanted.get("q") || wanted.get("like"))) return;
    $("#cb-words").value = wanted.get("q") || "";
    for (const box of all(".cb-filters input", form())) box.checked = wanted.getAll(box.name).includes(box.value);
    if (wanted.get("sort")) $("select", form()).value = wanted.get("sort");
    for (const kind of ["good", "bad"]) wanted.getAll(kind).forEach((id) => marks[kind].add(id));
    like = wanted.get("like") || ""; page = parseInt(wanted.get("page") || "1", 10) || 1;
    run();
  };
  new MutationObserver(async () => {
    const holder = frame();
    if (!holder || holder.dataset.filled) return;
    holder.dataset.filled = "1";
    const response = await fetch("find/form");
    if (!response.ok) { holder.textContent = (await response.json().catch(() => ({}))).error || "Search cannot be shown."; return; }
    holder.innerHTML = await response.text();
    $(".cb-filters").open = window.matchMedia("(min-width: 1100px)").matches;
    followLink();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
