/* A code editor in place of <textarea data-code-editor="mjml|html">. It lives in a shadow root, because its styles then come as adopted sheets, which a strict style policy allows. The textarea stays the form's value. */
(() => {
  "use strict";
  const start = (area) => {
    if (area.dataset.codeEditorOn || !window.CodeMirror) return;
    area.dataset.codeEditorOn = "yes";
    const CM = window.CodeMirror, t = CM.tags;
    const host = document.createElement("div");
    host.className = "code-editor";
    area.after(host);
    area.hidden = true;
    const root = host.attachShadow({ mode: "open" });
    const holder = document.createElement("div");
    root.append(holder);
    const theme = CM.EditorView.theme({
      "&": { fontSize: "13px", height: area.dataset.height || "520px", color: "var(--ink)", backgroundColor: "var(--sheet)" },
      ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
      ".cm-content": { caretColor: "var(--ink)" },
      ".cm-cursor": { borderLeftColor: "var(--ink)" },
      ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--ink-2)", border: "0" },
      ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunk) 60%, transparent)" },
      ".cm-activeLineGutter": { backgroundColor: "var(--line)", color: "var(--ink)" },
      "&.cm-focused": { outline: "none" },
      "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--pass-tint)" },
      ".cm-panels, .cm-tooltip": { backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--line)" },
      ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
      ".cm-searchMatch": { backgroundColor: "var(--warn-tint)" },
    });
    const colours = CM.HighlightStyle.define([
      { tag: [t.tagName, t.angleBracket], color: "var(--accent)" },
      { tag: [t.attributeName, t.propertyName], color: "var(--warn)" },
      { tag: [t.attributeValue, t.string], color: "var(--ink)" },
      { tag: t.comment, color: "var(--ink-2)", fontStyle: "italic" },
      { tag: [t.keyword, t.number, t.bool], color: "var(--fail)" },
    ]);
    let telling = false;
    const label = area.labels?.[0]?.textContent.trim() || area.getAttribute("aria-label") || "Code";
    const view = new CM.EditorView({
      parent: holder,
      root,
      state: CM.EditorState.create({
        doc: area.value,
        extensions: [
          CM.basicSetup,
          area.dataset.codeEditor === "html" ? CM.html() : CM.xml(),
          CM.EditorView.lineWrapping,
          CM.EditorState.tabSize.of(2),
          CM.EditorState.readOnly.of(area.readOnly || area.disabled),
          CM.EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          CM.lintGutter(),
          theme,
          CM.syntaxHighlighting(colours),
          CM.EditorView.updateListener.of((update) => {
            if (!update.docChanged || telling) return;
            area.value = view.state.doc.toString();
            area.dispatchEvent(new Event("input", { bubbles: true }));
          }),
        ],
      }),
    });
    const show = (problems) => {
      const doc = view.state.doc;
      view.dispatch(CM.setDiagnostics(view.state, problems.map(({ line = 1, text, level = "error" }) => {
        const at = doc.line(Math.min(Math.max(1, line), doc.lines));
        return { from: at.from, to: at.to, severity: level, message: text };
      })));
    };
    area.addEventListener("problems", (event) => show(event.detail));
    area.addEventListener("go-to-line", (event) => {
      const at = view.state.doc.line(Math.min(Math.max(1, event.detail), view.state.doc.lines));
      view.dispatch({ selection: { anchor: at.from }, scrollIntoView: true });
      view.focus();
    });
    area.addEventListener("replace", (event) => {
      const was = view.state.doc.toString(), is = event.detail.replace(/\r\n?/g, "\n");  // only what differs: the rest keeps its colours and the caret
      let from = 0, to = was.length, end = is.length;
      while (from < to && from < end && was[from] === is[from]) from += 1;
      while (to > from && end > from && was[to - 1] === is[end - 1]) { to -= 1; end -= 1; }
      telling = true;
      view.dispatch({ changes: { from, to, insert: is.slice(from, end) } });
      telling = false;
      area.value = event.detail;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
    area.addEventListener("insert", (event) => {
      view.dispatch(view.state.replaceSelection(event.detail));
      view.focus();
    });
    area.addEventListener("invalid", () => view.focus());
    area.labels?.[0]?.addEventListener("click", () => view.focus());
    const source = area.dataset.problems && document.getElementById(area.dataset.problems);
    if (source) show(JSON.parse(source.textContent));
  };
  const all = (root) => root.querySelectorAll("textarea[data-code-editor]").forEach(start);
  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:afterSettle", (event) => all(event.target));
})();
