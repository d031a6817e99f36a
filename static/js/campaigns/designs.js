/* The design editor: two ways of editing one text. The text in #mjml is the design; the canvas reads it and writes into it. */
(() => {
  "use strict";
  const WIDE = window.matchMedia("(min-width: 1100px)"), CHOICE = "posthouse.editor";
  const root = () => document.querySelector("[data-editor]");
  const area = () => document.querySelector("#mjml");
  let saving = null, visual = null, mode = "code", busy = false;

  const draw = (version) => {
    const frame = document.querySelector("iframe[data-preview]");
    if (!frame) return;
    const url = new URL(frame.src);
    url.searchParams.set("v", version);
    frame.src = url;
  };
  document.addEventListener("design-saved", (event) => {
    const { version, ok, problems } = event.detail;
    area()?.dispatchEvent(new CustomEvent("problems", { detail: problems }));
    if (ok) draw(version);
  });

  /* --- the two editors --- */

  const remembered = () => { try { return window.localStorage.getItem(CHOICE); } catch { return null; } };
  const remember = (choice) => { try { window.localStorage.setItem(CHOICE, choice); } catch { /* forbidden: asked again next time */ } };
  const show = (next) => {
    mode = next;
    root().dataset.mode = next;
    root().querySelector("[data-visual]").hidden = next !== "visual";
    for (const button of root().querySelectorAll("[data-mode-choice]")) button.setAttribute("aria-pressed", String(button.dataset.modeChoice === next));
  };
  const load = (path) => new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("script"), { src: path, onload: resolve, onerror: () => reject(new Error("The visual editor did not load. Check your connection, then try again.")) }));
  });
  const library = async () => {
    if (window.DesignCanvas) return;
    const { canvasScripts, canvasStyles } = root().dataset;
    document.head.prepend(Object.assign(document.createElement("link"), { rel: "stylesheet", href: canvasStyles }));
    for (const path of canvasScripts.split(" ")) await load(path);
  };
  const refuse = (words, line) => {
    saving.notice("unreadable");
    saving.place.querySelector("[data-why]").textContent = words;
    if (line) area().dispatchEvent(new CustomEvent("go-to-line", { detail: line }));
  };
  const toVisual = async () => {
    if (busy || mode === "visual") return;
    busy = true;
    root().setAttribute("aria-busy", "true");
    try {
      await library();
      show("visual");
      visual ??= new window.DesignPanels(root(), saving, { toCode });
      await visual.open(area().value);
    } catch (error) {
      show("code");
      refuse(error.message, error.line);
    } finally {
      busy = false;
      root().removeAttribute("aria-busy");
    }
  };
  const toCode = (line) => {
    visual?.write();
    show("code");
    if (line) area().dispatchEvent(new CustomEvent("go-to-line", { detail: line }));
  };
  document.addEventListener("design-replaced", () => { if (mode === "visual") { show("code"); toVisual(); } });

  document.addEventListener("DOMContentLoaded", () => {
    if (!root()?.dataset.save) return;
    saving = new window.DesignSaving(root());
    root().querySelector("[data-modes]").hidden = false;
    if (WIDE.matches && remembered() !== "code") toVisual();
    WIDE.addEventListener("change", () => { if (!WIDE.matches && mode === "visual") toCode(); });
  });

  window.addEventListener("beforeunload", () => { if (mode === "visual") visual?.write(); });  // before saving asks whether all is saved

  /* --- fields, lines, widths --- */

  document.addEventListener("change", (event) => {
    const select = event.target.closest("[data-inserts]");
    if (!select || !select.value) return;
    const target = document.querySelector(select.dataset.inserts), name = select.value;
    const fallback = name.startsWith("contact.") && name !== "contact.email" ? ' | default: ""' : "";
    const words = `{{ ${name}${fallback} }}`;
    select.value = "";
    if (mode === "visual") return visual.insert(words);
    if (target.dataset.codeEditorOn) target.dispatchEvent(new CustomEvent("insert", { detail: words }));
    else {
      target.setRangeText(words, target.selectionStart, target.selectionEnd, "end");
      target.dispatchEvent(new Event("input", { bubbles: true }));
      target.focus();
    }
  });
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-mode-choice]");
    if (choice) {
      remember(choice.dataset.modeChoice);
      if (choice.dataset.modeChoice === "visual") toVisual();
      else toCode();
    }
    if (event.target.closest("[data-stay]")) saving.clear();
    const jump = event.target.closest("[data-goes-to-line]");
    if (jump) {
      const target = area(), line = Number(jump.dataset.goesToLine);
      if (mode === "visual") toCode(line);
      else if (target.dataset.codeEditorOn) target.dispatchEvent(new CustomEvent("go-to-line", { detail: line }));
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
