/* The Library tab: upload with progress by stage, edit, remove after a question, undo. */
(() => {
  "use strict";
  const { make, button, $, all, announce, eachLine, post } = window.casebook;
  const frame = () => $("#cb-library");
  const refresh = async () => {
    const holder = $("[data-library-table]", frame());
    if (!holder) return;
    const response = await fetch("library/table");
    // The table is escaped where it is made: see web/html.py.
    if (response.ok) holder.innerHTML = await response.text();
    else holder.textContent = (await response.json().catch(() => ({}))).error || "The documents cannot be listed.";
  };
  const jobs = () => $("[data-jobs]", frame());
  const answered = async (response) => {
    const value = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(value.error || "That did not work. The collection is as it was before.");
    return value;
  };
  const report = (message, undo) => {
    const line = make("p", { className: "cb-job" }, make("span", { textContent: message + " " }));
    if (undo) line.append(button("Undo", async (event) => {
      event.target.disabled = true;
      line.firstChild.textContent = "Undoing … ";
      try { line.replaceChildren(make("span", { textContent: (await answered(await post(`library/undo/${encodeURIComponent(undo)}`, {}))).message })); }
      catch (error) { line.replaceChildren(make("span", { textContent: error.message })); }
      refresh();
    }, { className: "cb-link" }));
    jobs().prepend(line);
    return line;
  };
  const failed = (error) => { report(error.message).classList.add("cb-bad"); };

  const upload = async (files) => {
    const bar = make("progress", { max: files.length, value: 0, "aria-label": "Adding files" });
    const words = make("span", { textContent: "Copying …" });
    const line = make("p", { className: "cb-job" }, words, bar);
    jobs().prepend(line);
    try {
      const names = [];
      for (const file of files) {
        words.textContent = `Copying ${file.name} …`;
        const sent = await fetch(`library/upload?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
        if (sent.status === 413) throw new Error(`${file.name}: ${await sent.text()}`);
        names.push((await answered(sent)).name);
        bar.value += 1;
      }
      const response = await post("library/ingest", { names });
      if (!response.ok) await answered(response);
      await eachLine(response, (one) => {
        if (one.stage) { words.textContent = `${one.stage}: ${one.done} of ${one.total}`; bar.max = one.total; bar.value = one.done; }
        else if (one.error) throw new Error(one.error);
        else if (one.files) finish(one);
      });
    } catch (error) { failed(error); }
    line.remove();
    refresh();
  };
  const finish = (outcome) => {
    const line = report(outcome.files.some((f) => f[2]) ? "Done." : "Nothing was added.", outcome.undo);
    line.after(make("ul", { className: "cb-outcomes" }, ...outcome.files.map(([name, what, good]) =>
      make("li", { className: good ? "" : "cb-bad" }, make("bdi", { textContent: what.includes(name) ? what : `${name}: ${what}` })))));
    announce("The files were read.");
  };

  /* A native dialog keeps the focus inside and gives it back. */
  const dialog = (title, body, action, label) => {
    const box = make("dialog", { className: "cb-dialog", "aria-labelledby": "cb-dialog-title" });
    const form = make("form", { method: "dialog" }, make("h2", { id: "cb-dialog-title", textContent: title }), ...body,
      make("div", { className: "cb-dialog-buttons" }, make("button", { className: "cb-plain", value: "no", textContent: "Cancel", type: "button", onclick: () => box.close("no") }),
        make("button", { className: "cb-plain cb-strong", value: "yes", textContent: label, type: "submit" })));
    box.append(form);
    const opener = document.activeElement;
    box.addEventListener("close", () => {
      const yes = box.returnValue === "yes";
      box.remove();
      if (opener && opener.isConnected) opener.focus();
      if (yes) action(form);
    });
    document.body.append(box);
    box.showModal();
  };
  const change = async (url, value, waiting) => {
    const line = report(waiting);
    try { const told = await answered(await post(url, value)); report(told.message, told.undo); } catch (error) { failed(error); }
    line.remove();
    await refresh();
  };
  const actions = {
    remove: (node) => {
      const d = node.closest("tr").dataset;
      dialog("Remove this document?", [make("p", { textContent: `“${d.title}” will no longer be searched or quoted. You can undo this; the PDF you added it from stays where it is.` })],
        () => change("library/remove", { ids: [d.doc] }, `Removing ${d.title} …`), "Remove");
    },
    edit: (node) => {
      const d = node.closest("tr").dataset;
      const field = (name, label, value, more = {}) => make("label", {}, label, make("input", { name, value, maxLength: 300, ...more }));
      dialog("Edit this document", [field("title", "Title", d.title, { required: true }), field("system", "System", d.system), field("years", "Years", d.years || "")]
        .map((n) => { const i = $("input", n); if (i.name === "system") i.setAttribute("list", "cb-known-systems"); return n; }),
        (form) => change(`library/edit/${encodeURIComponent(d.doc)}`, Object.fromEntries(new FormData(form)), `Saving ${d.title} …`), "Save");
    },
  };
  window.casebookActions = { ...(window.casebookActions || {}), ...actions };

  document.addEventListener("change", (event) => {
    if (event.target.id !== "cb-files" || !event.target.files.length) return;
    upload([...event.target.files]);
    event.target.value = "";
  });
  const over = (event) => event.target.closest && event.target.closest("[data-drop]");
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
    const zone = over(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("cb-over", name === "dragover");
    if (name === "drop") upload([...event.dataTransfer.files]);
  });
  new MutationObserver(() => {
    const holder = frame() && $("[data-library-table]", frame());
    if (holder && !holder.dataset.filled) { holder.dataset.filled = "1"; refresh(); }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
