/* The design editor: after each save the problems go into the editor and the preview is drawn again. */
(() => {
  "use strict";
  const form = () => document.querySelector("form[data-design]");
  const area = () => document.querySelector("#mjml");
  const draw = (version) => {
    const frame = document.querySelector("iframe[data-preview]");
    if (!frame) return;
    const url = new URL(frame.src);
    url.searchParams.set("v", version);
    frame.src = url;
  };
  document.addEventListener("design-saved", (event) => {
    const { version, ok, problems } = event.detail;
    const field = form()?.elements.version;
    if (field) field.value = version;
    area()?.dispatchEvent(new CustomEvent("problems", { detail: problems }));
    if (ok) draw(version);
  });
  /* A refusal is shown where the findings are; what was typed stays in the editor. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "findings" && [409, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
  });
  document.addEventListener("change", (event) => {
    const select = event.target.closest("[data-inserts]");
    if (!select || !select.value) return;
    const target = document.querySelector(select.dataset.inserts), name = select.value;
    const fallback = name.startsWith("contact.") && name !== "contact.email" ? ' | default: ""' : "";
    const words = `{{ ${name}${fallback} }}`;
    if (target.dataset.codeEditorOn) target.dispatchEvent(new CustomEvent("insert", { detail: words }));
    else {
      target.setRangeText(words, target.selectionStart, target.selectionEnd, "end");
      target.dispatchEvent(new Event("input", { bubbles: true }));
      target.focus();
    }
    select.value = "";
  });
  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-goes-to-line]");
    if (jump) {
      const target = area(), line = Number(jump.dataset.goesToLine);
      if (target.dataset.codeEditorOn) target.dispatchEvent(new CustomEvent("go-to-line", { detail: line }));
      else {
        const start = target.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
        target.focus();
        target.setSelectionRange(start, start);
      }
    }
    const width = event.target.closest("[data-preview-width]");
    if (width) {
      document.querySelector("[data-preview-frame]").classList.toggle("wide", width.dataset.previewWidth === "wide");
      for (const button of document.querySelectorAll("[data-preview-width]")) button.setAttribute("aria-pressed", String(button === width));
    }
  });
})();
