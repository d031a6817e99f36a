/* The canvas of the visual editor: GrapesJS moves and selects, our source tree says what is printed, and the compiler of
   grapesjs-mjml draws. The design is compiled as a whole, dressed in the brand's kit, so every part looks as it does in the
   mail; each component then takes its own piece of it. Texts stand in the canvas as HTML that GrapesJS leaves alone. */
(() => {
  "use strict";
  const { Source, decoded, toCanvas, asPrinted, spliced, editable } = window.MjmlSource;
  const NAMES = {
    "mj-body": "Page", "mj-wrapper": "Wrapper", "mj-section": "Section", "mj-group": "Group", "mj-column": "Column", "mj-hero": "Hero", "mj-text": "Text", "mj-button": "Button",
    "mj-table": "Table", "mj-image": "Picture", "mj-divider": "Divider", "mj-spacer": "Space", "mj-social": "Social links", "mj-navbar": "Menu", "mj-accordion": "Accordion",
  };
  const HOMES = { "mj-body": [], "mj-wrapper": ["mj-body"], "mj-section": ["mj-body", "mj-wrapper"], "mj-hero": ["mj-body", "mj-wrapper"], "mj-group": ["mj-section"], "mj-column": ["mj-section", "mj-group"] };
  const LEAVES = ["mj-column", "mj-hero"];
  const FILLER = { "mj-body": "mj-section", "mj-wrapper": "mj-section", "mj-section": "mj-column", "mj-group": "mj-column", "mj-column": "mj-spacer", "mj-hero": "mj-spacer" };
  const ATTRIBUTE = /([^\s"'<>/=]+)\s*=\s*("[^"]*"|'[^']*')/g;
  const PHONE = 390;
  const CANVAS_STYLES = `html{color-scheme:light !important}body{margin:0}a{cursor:text}[data-gjs-type=mj-body]{min-height:100vh}
    [data-ph-in]:empty::before{content:"Empty";display:block;padding:16px;color:#5C574E;font:13px/20px sans-serif;text-align:center;background:repeating-linear-gradient(45deg,#0000 0 6px,#8A837522 6px 12px)}
    .ph-chip{box-sizing:border-box;display:block;width:100%;margin:2px 0;padding:4px 10px;border:1px dashed #8A8375;border-radius:4px;background:#FBEFD3;color:#5F3E00;font:13px/20px ui-monospace,monospace;text-align:start;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
    [contenteditable=true]{outline:2px solid #0B6A62;outline-offset:4px;cursor:text}
    .gjs-selected{outline:2px solid #0B6A62 !important;outline-offset:-2px}.gjs-selected-parent{outline:1px solid #8A8375 !important}
    @media(max-width:480px){body{overflow-x:hidden}}`;

  const namesOf = (attributes) => (attributes["mj-class"] || "").split(/\s+/).filter(Boolean);
  const written = (attributes) => Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`).join("");

  class DesignCanvas {
    /* `kit`: what the brand's kit gives ({ head, logo, social }); `changed` is called after a change; `selected` with what is selected. */
    constructor({ container, kit, changed, selected, edits }) {
      Object.assign(this, { kit, changed, selected, edits, shells: new Map(), compiled: "", styles: "", loading: false });
      this.ready = new Promise((resolve) => { this.isReady = resolve; });
      const plugin = window["grapesjs-mjml"].default;
      this.editor = window.grapesjs.init({
        container, height: "100%", width: "auto", fromElement: false, storageManager: { type: "", autosave: false, autoload: false }, telemetry: false, noticeOnUnload: false, cssIcons: "", protectedCss: "", multipleSelection: false,
        canvasCss: CANVAS_STYLES,
        canvas: { allowExternalDrop: false, scripts: [], styles: [] },
        panels: { defaults: [] }, blockManager: { custom: true }, layerManager: { custom: true }, traitManager: { custom: true }, styleManager: { custom: true, sectors: [] }, selectorManager: { custom: true }, assetManager: { custom: { open() {}, close() {} } },
        deviceManager: { devices: [{ id: "desktop", name: "Desktop", width: "" }, { id: "phone", name: "Phone", width: `${PHONE}px`, widthMedia: "" }] },
        plugins: [(editor) => plugin(editor, { blocks: [], resetBlocks: true, resetDevices: false, resetStyleManager: false, useCustomTheme: false, overwriteExport: false, customComponents: [(_, options) => this.types(editor, options)] })],
      });
      this.editor.Panels.getPanels().reset();
      this.editor.Utils.ComponentSorter = window.designSorter(this.editor.Utils.ComponentSorter);
      this.editor.setCustomRte(this.words());
      this.editor.on("load", () => this.begin());
    }

    begin() {
      const frame = this.editor.Canvas.getFrameEl(), doc = frame.contentDocument;
      frame.title = "The mail, to be edited";
      this.document = doc;
      for (const kind of ["click", "auxclick"]) doc.addEventListener(kind, (event) => { if (event.target.closest?.("a")) event.preventDefault(); }, true);
      this.editor.Keymaps.removeAll();  // GrapesJS listens to the whole page, to single letters as well
      doc.addEventListener("click", () => { if (!this.editor.getEditing()) doc.defaultView.focus(); });
      doc.addEventListener("keydown", (event) => this.key(event));
      this.sheet = doc.createElement("style");
      doc.head.append(this.sheet);
      this.editor.getWrapper().set({ droppable: false, hoverable: false, selectable: false, badgable: false, highlightable: false });
      const later = () => { if (!this.loading) this.later(); };
      this.editor.on("component:add component:remove component:update component:input undo redo", later);
      this.editor.on("component:selected component:deselected", () => this.selected(this.editor.getSelected()));
      this.isReady();
    }

    /* Keys that act on what is selected, while the focus is in the canvas and no words are edited. */
    key(event) {
      if (this.editor.getEditing()) return;
      const command = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
      const act = command ? { z: event.shiftKey ? "core:redo" : "core:undo", y: "core:redo", c: "core:copy", v: "core:paste", d: "tlb-clone" }[key] : { delete: "tlb-delete", backspace: "tlb-delete", escape: "core:component-exit" }[key];
      if (!act) return;
      event.preventDefault();
      if (act !== "tlb-delete" || this.editor.getSelected()?.get("removable")) this.editor.runCommand(act);
    }

    /* One look at all changes of a moment. */
    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => { this.redraw(); this.changed(); }, 120);
    }

    load(text) {
      const source = new Source();
      const body = source.read(text);  // throws before anything is lost
      this.loading = true;
      this.source = source;
      this.compiled = "";
      this.readHead();
      this.editor.select();
      this.editor.setComponents([this.definition(body)]);
      this.editor.UndoManager.clear();
      this.loading = false;
      clearTimeout(this.timer);
      this.redraw();
    }

    get body() { return this.editor.getWrapper().components().find((each) => each.get("type") === "mj-body"); }

    /* The design as it is in the canvas now. */
    print() { return this.source.print(this.body, (component) => this.part(component)); }

    part(component) {
      const node = this.node(component);
      return { node, attributes: this.attributes(component), inner: this.inner(component, node), children: node.kind === "box" ? component.components().models : [] };
    }

    node(component) { return this.source.nodes[component.get("ph")]; }

    attributes(component) {
      const { id, class: names, style, ...attributes } = component.get("attributes");
      return attributes;
    }

    inner(component, node) {
      if (node.kind !== "words") return node.inner;
      const view = component.view, edited = view?.rteEnabled;
      const now = edited ? view.getChildrenContainer().innerHTML : component.get("content");
      node.shown ??= toCanvas(node.inner);
      node.printed ??= asPrinted(node.shown, node.name === "mj-table");
      return now === node.shown || now === node.printed ? node.inner : spliced(node.inner, node.printed, node.name === "mj-table" ? asPrinted(now, true) : now);
    }

    /* What GrapesJS builds for a node. */
    definition(node) {
      if (node.kind === "words" && !editable(node.inner, node.name === "mj-table")) {
        node.kind = "kept";
        node.why = `${NAMES[node.name]}: its HTML is edited in the code`;
      }
      const kept = node.kind === "kept";
      const made = { type: kept ? (LEAVES.includes(node.parent?.name) ? "ph-kept-row" : "ph-kept") : node.name, tagName: node.name || "mj-raw", ph: node.id, attributes: kept ? {} : Object.fromEntries(node.attributes) };
      if (node.kind === "words") made.content = node.shown ??= toCanvas(node.inner);
      if (node.kind === "box") made.components = node.children.map((child) => this.definition(child));
      return made;
    }

    /* Definitions of a block: sections or what stands in a column. */
    block(mjml) {
      const words = mjml.trim(), last = words.match(/\n( *)<\/mj-[a-z]+>$/)?.[1];  // the indent of where it ends: that of a body's child is 4
      return this.source.elements(last === "" ? words.replaceAll("\n", "\n    ") : words).map((node) => this.definition(node));
    }

    /* What is kept as it is, in words, for the notice. */
    kept() {
      const all = [];
      const walk = (component) => { const node = this.node(component); if (node?.kind === "kept") all.push(node); component.components().forEach(walk); };
      if (this.body) walk(this.body);
      return all;
    }

    label(component) {
      const node = this.node(component);
      if (!node) return "";
      if (node.kind === "kept") return chip(node);
      const words = (node.kind === "words" ? new DOMParser().parseFromString(component.get("content"), "text/html").body.textContent : decoded(this.attributes(component).alt || "")).replace(/\s+/g, " ").trim();
      return words ? `${NAMES[node.name]}: ${words.length > 40 ? `${words.slice(0, 40)}…` : words}` : NAMES[node.name];
    }

    /* --- drawing --- */

    readHead() {
      const own = (this.source.before.match(/<mj-head[^>]*>([\s\S]*?)<\/mj-head>/)?.[1] || "").replace(/<mj-(title|preview|raw)\b[\s\S]*?<\/mj-\1>/g, "").replace(/<mj-class[^>]*\bname\s*=\s*["']kit-[^>]*?(?:\/>|>\s*<\/mj-class>)/g, "");
      this.head = (this.source.text.includes("kit-") ? this.kit.head : "") + own;
      this.open = this.source.before.match(/<mjml(?:\s[^>]*)?>/)?.[0] || "<mjml>";
      this.classes = new Map();
      for (const [, attributes] of `${this.kit.head}${own}`.matchAll(/<mj-class\s((?:"[^"]*"|'[^']*'|[^>"'])*)>/g)) {
        const values = Object.fromEntries([...attributes.matchAll(ATTRIBUTE)].map(([, key, value]) => [key, value.slice(1, -1)]));
        this.classes.set(values.name, values);
      }
    }

    /* What the classes of an element say, for the fields that it leaves empty. */
    inherited(component, name) {
      return namesOf(this.attributes(component)).map((each) => this.classes.get(each)?.[name]).filter(Boolean).at(-1) || "";
    }

    mark(component, attributes = this.attributes(component)) {
      const names = [attributes["css-class"] ?? namesOf(attributes).map((name) => this.classes.get(name)?.["css-class"] || "").join(" "), `ph-${component.cid}`];
      return written({ ...attributes, "css-class": names.join(" ").trim() });
    }

    marked(component) {
      const node = this.node(component), { name } = node, attributes = this.attributes(component);
      if (node.kind === "kept") return "";
      if (node.kind === "box") {
        const inside = component.components().map((child) => this.marked(child)).join("");
        return `<${name}${this.mark(component)}>${inside || `<${FILLER[name]} css-class="ph-filler"></${FILLER[name]}>`}</${name}>`;
      }
      if (node.kind === "words") return `<${name}${this.mark(component)}>${name === "mj-table" ? '<tr class="ph-in"><td></td></tr>' : '<i class="ph-in"></i>'}</${name}>`;
      const classes = namesOf(attributes);
      if (name === "mj-image" && classes.includes("kit-logo")) return this.logo(component, attributes);
      if (name === "mj-social" && classes.includes("kit-social")) return `<mj-social${this.mark(component)}>${this.kit.social || `<mj-social-element src="data:," icon-size="1px">Social links of the brand kit: none yet</mj-social-element>`}</mj-social>`;
      if (name === "mj-image" && !attributes.src) return `<mj-text${this.mark(component, { align: "center", "container-background-color": "#F1ECE2", color: "#5C574E", padding: "40px 24px" })}>Choose a picture</mj-text>`;
      return `<${name}${this.mark(component)}>${node.inner}</${name}>`;
    }

    /* As the server puts it: the kit's picture, or the brand's name. */
    logo(component, attributes) {
      const [, name, said, inner] = this.kit.logo.match(/^<(mj-[a-z]+)([^>]*?)\s*\/?>([^<]*)/);
      const own = Object.fromEntries(Object.entries(attributes).filter(([key]) => name === "mj-image" || key === "align" || key.startsWith("padding")));
      const values = { ...own, ...Object.fromEntries([...said.matchAll(ATTRIBUTE)].map(([, key, value]) => [key, value.slice(1, -1)])) };
      if (name === "mj-text") Object.assign(values, own);
      return `<${name}${this.mark(component, values)}>${inner}</${name}>`;
    }

    compile() {
      const body = this.body;
      if (!body || !this.source) return;
      const mjml = `${this.open}<mj-head>${this.head}</mj-head>${this.marked(body)}</mjml>`;
      if (mjml === this.compiled) return;
      this.compiled = mjml;
      let html;
      try {
        html = this.mjml2html(mjml, { fonts: {}, validationLevel: "skip", keepComments: false }).html;
      } catch (error) {
        console.warn("The canvas keeps its last look:", error.message);
        return;
      }
      const doc = new DOMParser().parseFromString(html, "text/html");
      const comments = doc.createTreeWalker(doc.body, NodeFilter.SHOW_COMMENT), found = [];
      while (comments.nextNode()) found.push(comments.currentNode);
      found.forEach((each) => each.remove());
      this.styles = [...doc.querySelectorAll("style")].map((each) => each.textContent).join("\n");
      const units = new Map(), all = [];
      const walk = (component) => {
        const node = this.node(component);
        const unit = node && node.kind !== "kept" && doc.querySelector(`.ph-${component.cid}`);
        if (unit) {
          units.set(component, node.kind === "box" ? unit : unit.closest("tr") || unit);
          all.push([component, node]);
        }
        component.components().forEach(walk);
      };
      walk(body);
      for (const [component, node] of all) {
        const unit = units.get(component);
        if (node.kind === "box") {
          const first = component.components().find((child) => units.has(child));
          const filler = [...unit.querySelectorAll(".ph-filler")].at(0);
          const inside = first ? units.get(first) : filler && (filler.closest("td.ph-filler") ? filler.closest("tr") : filler);
          (inside?.parentNode || unit).setAttribute("data-ph-in", "");
          if (!first) inside?.remove();
        } else if (node.kind === "words") {
          const holder = unit.querySelector(".ph-in");
          const home = node.name === "mj-table" ? holder?.closest("table") : holder?.parentNode;
          home?.setAttribute("data-ph-in", "");
          home?.replaceChildren();
        }
      }
      for (const unit of units.values()) unit.remove();
      this.shells = new Map();
      for (const [component, unit] of units) {
        unit.querySelectorAll("[data-ph-in]").forEach((each) => { if (!each.matches("table")) each.replaceChildren(); });
        if (unit.matches("[data-ph-in]")) unit.replaceChildren();
        this.shells.set(component.cid, unit.outerHTML);
      }
    }

    shell(component) {
      const node = this.node(component);
      if (!node) return "";
      if (node.kind === "kept") {
        const words = `<div class="ph-chip">${escapeHtml(chip(node))}</div>`;
        return component.get("type") === "ph-kept-row" ? `<tr><td>${words}</td></tr>` : `<div>${words}</div>`;
      }
      if (!this.shells.has(component.cid)) this.compile();  // new in the canvas; what changed is compiled once by redraw()
      return this.shells.get(component.cid) || "";
    }

    redraw() {
      if (!this.body) return;
      this.compile();
      const walk = (component) => { component.view?.dress?.(); component.components().forEach(walk); };
      walk(this.body);
      if (this.sheet && this.sheet.textContent !== this.styles) {
        this.sheet.textContent = this.styles;
        for (let n = this.sheet.sheet.cssRules.length - 1; n >= 0; n -= 1) if (/prefers-color-scheme/.test(this.sheet.sheet.cssRules[n].media?.mediaText || "")) this.sheet.sheet.deleteRule(n);  // the canvas is what most readers see: light
      }
      this.editor.refresh();
    }

    /* --- what GrapesJS is told --- */

    types(editor, { opt }) {
      const canvas = this;
      const compiler = opt.mjmlParser;
      this.mjml2html = (mjml, options) => compiler(mjml, options);
      const view = (tagName) => ({
        tagName,
        init() {},
        updateAttributes() {
          const { model, el, $el } = this;
          this.__clearAttributes();
          el.setAttribute("id", model.getId());
          el.setAttribute("data-gjs-type", model.get("type"));
          if (this.__isDraggable()) el.setAttribute("draggable", "true");
          this.updateHighlight();
          this.looks?.();
          $el && this.updateStatus();
        },
        getChildrenContainer() { return this.el.matches("[data-ph-in]") ? this.el : this.el.querySelector("[data-ph-in]") || this.el; },
        /* Take the piece of the compiled mail that is this component's; children and texts go where they belong in it. */
        dress() {
          if (this.rteEnabled) return;
          const shell = canvas.shell(this.model);
          if (!shell || shell === this.shell) return;
          const before = this.getChildrenContainer(), boxed = this.childrenView && canvas.node(this.model)?.kind === "box";
          const kids = boxed ? this.model.components().map((child) => child.view?.el).filter(Boolean) : [];
          this.shell = shell;
          const holder = document.createElement("template");
          holder.innerHTML = shell;
          const unit = holder.content.firstElementChild;
          if (unit.tagName === this.el.tagName) {
            this.looks = () => { for (const { name, value } of unit.attributes) name === "class" ? this.el.classList.add(...value.split(/\s+/).filter(Boolean)) : this.el.setAttribute(name, value); };
            this.el.replaceChildren(...[...unit.cloneNode(true).childNodes]);
          } else {
            this.looks = null;
            this.el.replaceChildren(unit);
          }
          this.updateAttributes();
          const home = this.getChildrenContainer();
          if (boxed) {
            home.append(...kids);
            this.childrenView.parentEl = home;
          } else if (before !== home || !home.childNodes.length) this.updateContent();
        },
        updateContent() {
          const node = canvas.node(this.model);
          if (node?.kind === "words") this.getChildrenContainer().innerHTML = this.model.get("content");
        },
        renderChildren() {
          if (canvas.node(this.model)?.kind !== "box") return this.updateContent();
          const { prototype } = editor.Components.getType("default").view;
          prototype.renderChildren.call(this);
        },
        render() {
          this.shell = null;
          this.renderAttributes();
          this.el.__gjsv = this;
          if (this.modelOpt.temporary) return this;
          const { childrenView } = this;
          this.childrenView = null;
          this.dress();
          this.childrenView = childrenView;
          this.renderChildren();
          this.postRender();
          return this;
        },
      });
      const add = (type, { tagName, extend = "default", name, homes, ...rest }) => editor.Components.addType(type, {
        extend,
        isComponent: () => false,
        model: { defaults: { name, tagName: type, traits: [], stylable: false, resizable: false, highlightable: true, draggable: (source, target) => homes(source).includes(target.get("type")), ...rest } },
        view: view(tagName),
      });
      for (const name of Object.keys(NAMES)) {
        const box = name in HOMES, words = ["mj-text", "mj-button", "mj-table"].includes(name);
        const homes = () => HOMES[name] || LEAVES;
        add(name, { tagName: box ? "div" : "tr", extend: words ? "text" : "default", name: NAMES[name], homes, droppable: box, editable: words, ...(name === "mj-body" ? { draggable: false, copyable: false, removable: false } : {}) });
      }
      add("ph-kept-row", { tagName: "tr", name: "Kept as it is", homes: () => LEAVES, droppable: false });
      add("ph-kept", { tagName: "div", name: "Kept as it is", homes: (source) => [this.node(source)?.parent?.name], droppable: false });
    }

    /* Typing in texts: the browser's own editing, with lines as <br> and pasted words as plain text. */
    words() {
      const canvas = this;
      return {
        enable(el, rte, options = {}) {
          const doc = el.ownerDocument;
          const keys = (event) => {
            event.stopPropagation();
            if (event.key === "Escape") { event.preventDefault(); canvas.editor.getSelected()?.view?.disableEditing(); canvas.edits(null); return; }
            const inList = doc.getSelection().anchorNode?.parentElement?.closest("li");
            if (event.key === "Enter" && !inList) { event.preventDefault(); doc.execCommand("insertLineBreak"); }
          };
          const paste = (event) => { event.preventDefault(); doc.execCommand("insertText", false, event.clipboardData.getData("text/plain")); };
          const drop = (event) => event.preventDefault();
          const selection = doc.getSelection(), { event } = options;
          const pressed = event?.clientX ? doc.caretRangeFromPoint(event.clientX, event.clientY) : null;
          el.contentEditable = "true";
          el.addEventListener("keydown", keys);
          el.addEventListener("paste", paste);
          el.addEventListener("drop", drop);
          doc.execCommand("styleWithCSS", false, false);
          el.focus();
          if (pressed && el.contains(pressed.startContainer)) {
            selection.removeAllRanges();
            selection.addRange(pressed);
          } else {
            selection.selectAllChildren(el);
            selection.collapseToEnd();
          }
          const active = { el, doc, stop() { el.contentEditable = "false"; el.removeAttribute("contenteditable"); el.removeEventListener("keydown", keys); el.removeEventListener("paste", paste); el.removeEventListener("drop", drop); } };
          canvas.edits(active);
          return active;
        },
        disable(el, rte) {
          rte?.stop();
          canvas.edits(null);
        },
        getContent: (el) => el.innerHTML,
      };
    }
  }

  const escapeHtml = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const chip = (node) => {
    if (node.why) return node.why;
    const words = (node.inner || node.open).replace(/\s+/g, " ").trim();
    if (/^\{%/.test(words)) return words.length > 70 ? `${words.slice(0, 70)}…` : words;
    if (node.name === "mj-raw") return `HTML, kept as it is (${words.length.toLocaleString()} characters)`;
    return `Kept as it is: ${words.slice(0, 60)}`;
  };

  window.DesignCanvas = DesignCanvas;
  window.DesignCanvas.NAMES = NAMES;
  window.DesignCanvas.HOMES = HOMES;
  window.DesignCanvas.LEAVES = LEAVES;
})();
