/* The brand kit: the preview follows what is typed, and a better colour is one press away. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-kit]"), frame = document.querySelector("[data-kit-preview]");
  const design = document.querySelector("[data-kit-design]");
  if (!form || !frame) return;
  let waiting = 0;
  const draw = () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("csrfmiddlewaretoken");
    for (const input of form.querySelectorAll("fieldset:disabled [name]")) fields.set(input.name, input.value);
    fields.set("design", design.value);
    frame.src = `${frame.src.split("?")[0]}?${fields}`;
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(draw, 300); };
  form.addEventListener("input", soon);
  design.addEventListener("change", draw);
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-takes]");
    if (!button) return;
    const input = form.elements[button.dataset.takes];
    input.value = button.dataset.colour;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
