/* Fields are put in order by dragging their rows; without it the buttons in each row do the same. */
(() => {
  "use strict";
  for (const body of document.querySelectorAll("[data-sortable]")) {
    const form = document.getElementById(body.dataset.sortable);
    if (!form) continue;
    const keys = () => [...body.querySelectorAll("[data-key]")].map((row) => row.dataset.key).join(",");
    let dragged = null, before = "";
    // Only the grip begins a drag, so that text in the row can still be selected.
    body.addEventListener("pointerdown", (event) => {
      const row = event.target.closest("[data-key]");
      if (row) row.draggable = Boolean(event.target.closest("[data-grip]"));
    });
    body.addEventListener("dragstart", (event) => {
      dragged = event.target.closest("[data-key]");
      before = keys();
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", dragged.dataset.key);
    });
    body.addEventListener("dragover", (event) => {
      const over = event.target.closest("[data-key]");
      if (!dragged || !over) return;
      event.preventDefault();
      if (over === dragged) return;
      const box = over.getBoundingClientRect();
      over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    });
    body.addEventListener("drop", (event) => event.preventDefault());
    body.addEventListener("dragend", () => {
      dragged = null;
      if (keys() === before) return;
      form.elements.keys.value = keys();
      form.requestSubmit();
    });
  }
})();
