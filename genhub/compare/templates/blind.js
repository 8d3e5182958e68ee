"use strict";
(() => {
  const { format, comparison, pairs } = JSON.parse(document.getElementById("pairs").textContent);
  const at = (id) => document.getElementById(id);
  const shelf = `genhub votes ${comparison}`;
  const name = (pair) => [pair.left.id ?? pair.left, pair.right.id ?? pair.right].sort().join("-");
  let ballot = { ballot: draw(), votes: [] };

  function draw() {
    return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(shelf));
      if (kept && Array.isArray(kept.votes)) ballot = kept;
    } catch { /* nothing that can be read is kept: begin anew */ }
  }

  function keep() {
    try {
      localStorage.setItem(shelf, JSON.stringify(ballot));
    } catch {
      at("trouble").textContent = "This browser keeps nothing: save the votes before you close the page.";
      at("trouble").hidden = false;
    }
  }

  // Outputs are texts and media of unknown makers: nothing of them is ever read as markup.
  function make(tag, text, kind) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function terms(list, rows) {
    list.replaceChildren(...rows.map(([term, said]) => {
      const row = make("div");
      row.append(make("dt", term), " ", make("dd", said));
      return row;
    }));
    return list;
  }

  function draws(part, which) {
    const box = make("div", "", "part");
    if (part.kind === "text") {
      if (part.title) box.append(make("p")), box.lastChild.append(make("strong", part.title));
      if (part.text) box.append(make("p", part.text, "text"));
      if (part.facts.length) box.append(terms(make("dl", "", "asked"), part.facts));
    } else if (/^(data:(image|video|audio)\/|\.\/blind-media\/)/.test(part.src)) {
      const media = make(part.kind === "image" ? "img" : part.kind);
      if (part.kind === "image") media.alt = `Picture of output ${which}`;
      else { media.controls = true; media.setAttribute("aria-label", `Output ${which}`); }
      media.src = part.src;
      box.append(media);
    }
    return box;
  }

  const judged = () => new Set(ballot.votes.map(name));
  const next = () => { const done = judged(); return pairs.find((pair) => !done.has(name(pair))); };

  function show() {
    const pair = next();
    const done = pairs.length - (pair ? pairs.filter((each) => !judged().has(name(each))).length : 0);
    at("progress").value = done;
    at("where").textContent = pair ? `Pair ${done + 1} of ${pairs.length}` : `${done} of ${pairs.length} judged`;
    at("ask").hidden = !pair;
    at("done").hidden = Boolean(pair);
    at("undo").disabled = at("save").disabled = ballot.votes.length === 0;
    at("save").classList.toggle("main", !pair);
    if (pair) {
      terms(at("asked"), pair.asked);
      at("left").replaceChildren(...pair.left.parts.map((part) => draws(part, 1)));
      at("right").replaceChildren(...pair.right.parts.map((part) => draws(part, 2)));
    }
  }

  function vote(choice) {
    const pair = next();
    if (!pair) return;
    ballot.votes.push({ left: pair.left.id, right: pair.right.id, choice, at: new Date().toISOString() });
    keep();
    show();
    if (!next()) at("save").focus();
  }

  function undo() {
    if (ballot.votes.pop()) { keep(); show(); }
  }

  function save() {
    const text = JSON.stringify({ format, comparison, ...ballot }, null, 2);
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `votes-${ballot.ballot}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  for (const button of document.querySelectorAll("[data-choice]")) {
    button.addEventListener("click", () => vote(button.dataset.choice));
  }
  at("undo").addEventListener("click", undo);
  at("save").addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const act = { 1: () => vote("left"), 2: () => vote("right"), 0: () => vote("tie"), u: undo }[event.key.toLowerCase()];
    if (act) { event.preventDefault(); act(); }
  });
  at("unscripted").hidden = true;
  load();
  show();
})();
