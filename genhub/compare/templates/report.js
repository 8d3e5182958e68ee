"use strict";
(() => {
  const form = document.getElementById("filters");
  const runs = [...document.querySelectorAll(".run")];
  const count = document.getElementById("count");

  function apply() {
    const wanted = {
      case: document.getElementById("case").value,
      outcome: document.getElementById("outcome").value,
      targets: new Set([...form.querySelectorAll("[name=target]:checked")].map((box) => box.value)),
      differing: document.getElementById("differences-only").checked,
    };
    let shown = 0;
    for (const run of runs) {
      const usable = "usable" in run.dataset;
      const fits =
        (wanted.case === "" || run.closest(".case").dataset.case === wanted.case) &&
        wanted.targets.has(run.dataset.target) &&
        (!wanted.differing || "differs" in run.closest(".side").dataset) &&
        (wanted.outcome === "" || run.dataset.outcome === wanted.outcome ||
          (wanted.outcome === "usable" && usable) || (wanted.outcome === "unusable" && !usable));
      run.hidden = !fits;
      shown += fits;
    }
    for (const part of document.querySelectorAll(".side, .case")) {
      part.hidden = !part.querySelector(".run:not([hidden])");
      if (shown < runs.length && part.matches(".case:not([hidden])")) part.open = true;
    }
    count.textContent = `${shown} of ${runs.length} runs shown`;
    document.getElementById("nothing").hidden = shown > 0;
  }

  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("all").addEventListener("click", () => { form.reset(); apply(); });
  document.getElementById("unscripted").hidden = true;
  form.reset();
  apply();
})();
