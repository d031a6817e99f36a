/* The parts of CodeMirror 6 that the code editor uses, as one global: `CodeMirror`. */
export { EditorView, keymap, placeholder } from "@codemirror/view";
export { EditorState, Compartment } from "@codemirror/state";
export { basicSetup } from "codemirror";
export { indentWithTab } from "@codemirror/commands";
export { xml } from "@codemirror/lang-xml";
export { html } from "@codemirror/lang-html";
export { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
export { tags } from "@lezer/highlight";
export { lintGutter, setDiagnostics } from "@codemirror/lint";
