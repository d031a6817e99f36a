/* What stands around the canvas: blocks to put in, the words' toolbar, properties, the outline, saved blocks. */
(() => {
  "use strict";
  const { encoded } = window.MjmlSource;
  const SECTION = (inside) => `<mj-section mj-class="kit-sheet" padding="24px 0 8px">\n  <mj-column>\n    ${inside}\n  </mj-column>\n</mj-section>`;
  const LINK_STAND_IN = "https://stand-in.invalid/";
  const WORDS_ACTS = "[data-words], #insert, #link, #pictures, #keep-block";
  const toast = (text, level = "pass") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));
  const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content || "";

  class DesignPanels {
    constructor(root, saving, { toCode }) {
      Object.assign(this, { root, saving, toCode, active: null });
      const told = JSON.parse(document.getElementById("canvas").textContent);
      this.pieces = new Map(Object.entries(told.pieces));
      this.at = (name) => root.querySelector(`[data-${name}]`);
      this.canvas = new window.DesignCanvas({ container: this.at("canvas-holder"), kit: told, changed: () => this.changed(), selected: (component) => this.selected(component), edits: (active) => this.edits(active) });
      const acts = {
        write: (component) => component.trigger("focus"), picture: (component, name) => this.picture(component, name), up: (component) => this.move(component, -1), down: (component) => this.move(component, 2),
        copy: (component) => this.select(component.parent().append(component.clone(), { at: component.index() + 1 })[0]), remove: (component) => this.remove(component), parent: (component) => this.select(component.parent()),
        keep: (component) => this.keepBlock(component), code: (component) => this.toCode(this.lineOf(component)),
      };
      this.properties = new window.DesignProperties(this.at("properties"), this.canvas, acts);
      this.pictures = new window.DesignPictures(root);
      this.listen();
      this.savedBlocks();
    }

    get editor() { return this.canvas.editor; }

    async open(text) {
      await this.canvas.ready;
      if (text !== this.written) this.canvas.load(text);
      this.written = text;
      this.selected(this.editor.getSelected());
      this.notes();
    }

    /* The canvas into the text, if anything was changed in it. */
    write() {
      clearTimeout(this.canvas.timer);
      if (!this.canvas.source) return;
      const text = this.canvas.print();
      if (text === this.saving.area.value) return;
      this.written = text;
      this.saving.put(text);
    }

    changed() {
      this.write();
      this.outline();
      this.notes();
    }

    notes() {
      const kept = this.canvas.kept(), note = this.at("kept");
      note.hidden = !kept.length;
      note.textContent = kept.length ? `${kept.length === 1 ? "One piece is" : `${kept.length} pieces are`} kept exactly as written (HTML, conditions and the like). ${kept.length === 1 ? "It is a chip" : "They are chips"} in the canvas and edited in the code.` : "";
    }

    /* --- listening --- */

    listen() {
      const { root } = this;
      for (const place of document.querySelectorAll(WORDS_ACTS)) place.addEventListener("mousedown", (event) => {
        event.stopPropagation();  // GrapesJS ends the editing of words at any other press
        if (event.target.closest("[data-word]")) event.preventDefault();
      });
      root.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        const { piece, canvas, device, word, outlines } = button.dataset;
        if (piece) this.put(this.pieces.get(piece));
        if (canvas) this.editor.UndoManager[canvas]();
        if (word) this.word(word);
        if (outlines) this.select(this.listed.get(outlines));
        if (device) {
          this.editor.setDevice(device);
          for (const each of root.querySelectorAll("[data-device]")) each.setAttribute("aria-pressed", String(each === button));
        }
      });
      root.addEventListener("dragstart", (event) => {
        const { piece } = event.target.closest?.("[data-piece]")?.dataset || {};
        if (!piece) return;
        const blocks = this.editor.Blocks, block = blocks.get(piece) || blocks.add(piece, { label: piece, select: true });
        block.set("content", this.canvas.block(this.pieces.get(piece)));
        event.dataTransfer.effectAllowed = "copy";
        event.dataTransfer.setData("text", piece);
        blocks.startDrag(block, event);
        this.dragged = true;
      });
      root.addEventListener("dragend", () => {
        if (!this.dragged) return;
        this.dragged = false;
        this.editor.Blocks.endDrag();
        const dropped = this.editor.getSelected();
        if (dropped?.get("type") === "mj-image" && !this.canvas.attributes(dropped).src) this.picture(dropped);
      });
      this.canvas.ready.then(() => {
        this.canvas.document.addEventListener("dblclick", () => {
          const component = this.editor.getSelected();
          if (component?.get("type") === "mj-image") this.picture(component);
        });
      });
      document.querySelector("[data-link-form]").addEventListener("submit", () => this.setLink(document.querySelector("[data-link-address]").value.trim()));
      document.querySelector("[data-link-off]").addEventListener("click", (event) => { event.target.closest("dialog").close(); this.setLink(""); });
      document.querySelector("[data-block-form]").addEventListener("submit", (event) => { event.preventDefault(); this.sendBlock(); });
    }

    selected(component) {
      this.properties.show(component && this.canvas.node(component) ? component : null);
      this.outline();
    }

    select(component) {
      if (!component) return;
      this.editor.select(component);
      this.editor.Canvas.scrollTo(component, { behavior: "auto", block: "nearest" });
    }

    outline() {
      const { body } = this.canvas, place = this.at("outline"), chosen = this.editor.getSelected();
      if (!body) return;
      this.listed = new Map();
      const list = (component) => {
        const line = document.createElement("li");
        const button = Object.assign(document.createElement("button"), { type: "button", className: "outline-button truncate", textContent: this.canvas.label(component) });
        button.dataset.outlines = component.cid;
        if (component === chosen) button.setAttribute("aria-current", "true");
        this.listed.set(component.cid, component);
        line.append(button);
        const children = component.components().models.filter((child) => this.canvas.node(child));
        if (children.length) {
          const inner = document.createElement("ol");
          inner.append(...children.map(list));
          line.append(inner);
        }
        return line;
      };
      const had = place.contains(document.activeElement) ? document.activeElement.dataset.outlines : "";
      place.replaceChildren(list(body));
      if (had) place.querySelector(`[data-outlines="${had}"]`)?.focus();
    }

    /* --- elements --- */

    /* Put a block in: after what is selected, or as near to it as it may stand. */
    put(mjml) {
      const { canvas } = this, { HOMES, LEAVES } = window.DesignCanvas;
      let made = canvas.block(mjml), here = this.editor.getSelected();
      const homes = HOMES[made[0].type] || (made[0].type === "ph-kept" ? ["mj-body"] : LEAVES);
      let home = null, place;
      for (; here && canvas.node(here); here = here.parent()) {
        if (homes.includes(here.get("type"))) { home = here; break; }
        const parent = here.parent();
        if (parent && homes.includes(parent.get("type"))) { home = parent; place = here.index() + 1; break; }
        if (homes === LEAVES && here.get("type") !== "mj-body") {
          const [column] = here.findType?.("mj-column") || [];
          if (column) { home = column; break; }
        }
      }
      if (!home) {
        home = canvas.body;
        if (homes === LEAVES) made = canvas.block(SECTION(mjml));
      }
      const added = home.append(made, place === undefined ? {} : { at: place });
      const first = homes === LEAVES && added[0].get("type") === "mj-section" ? added[0].components().at(0).components().at(0) : added[0];
      this.select(first);
      canvas.later();
      if (first.get("type") === "mj-image" && !canvas.attributes(first).src) this.picture(first);
    }

    move(component, by) {
      const parent = component.parent(), place = component.index() + by;
      if (place < 0 || place > parent.components().length) return toast("It stands at the end already. Drag it to another place in the mail.", "warn");
      component.move(parent, { at: place });
      this.select(component);
    }

    remove(component) {
      const parent = component.parent(), place = component.index();
      component.remove();
      this.select(parent.components().at(Math.min(place, parent.components().length - 1)) || parent);
    }

    async picture(component, name = "src") {
      const chosen = await this.pictures.choose({ alt: this.canvas.attributes(component).alt || "" });
      if (!chosen) return;
      component.addAttributes(name === "src" ? { src: encoded(chosen.src), alt: encoded(chosen.alt) } : { [name]: encoded(chosen.src) });
      this.canvas.later();
      this.select(component);
      this.properties.show(component);
    }

    lineOf(component) {
      const node = this.canvas.node(component);
      this.write();
      const at = node.open ? this.saving.area.value.indexOf(node.open) : -1;
      return at < 0 ? 1 : this.saving.area.value.slice(0, at).split("\n").length;
    }

    /* --- words --- */

    edits(active) {
      this.active = active;
      this.at("words").hidden = !active;
      this.at("words-hint").hidden = Boolean(active);
      if (active) active.doc.addEventListener("selectionchange", () => { const now = active.doc.getSelection(); if (now.rangeCount && active.el.contains(now.anchorNode)) active.range = now.getRangeAt(0).cloneRange(); });
      else this.canvas?.later();
    }

    /* Where the caret was in the words before the focus went to a button. */
    back() {
      const { el, doc, range } = this.active;
      el.focus();
      if (range && el.contains(range.startContainer)) {
        doc.getSelection().removeAllRanges();
        doc.getSelection().addRange(range);
      }
      return doc;
    }

    word(what) {
      if (!this.active) return;
      const doc = this.back();
      if (what === "done") return this.editor.getSelected()?.view.disableEditing();
      if (what === "link") {
        const anchor = doc.getSelection().anchorNode?.parentElement?.closest("a");
        document.querySelector("[data-link-address]").value = anchor?.getAttribute("href") || "";
        return document.querySelector("#link").showModal();
      }
      if (what === "h1" || what === "h2" || what === "plain") doc.execCommand("formatBlock", false, what === "plain" ? "div" : what);
      else doc.execCommand(what);
      this.canvas.later();
    }

    setLink(address) {
      if (!this.active) return;
      const doc = this.back(), selection = doc.getSelection(), anchor = selection.anchorNode?.parentElement?.closest("a");
      if (!address) {
        if (anchor) selection.selectAllChildren(anchor);
        doc.execCommand("unlink");
      } else if (anchor) anchor.setAttribute("href", address);
      else {
        if (selection.isCollapsed) doc.execCommand("insertText", false, address);
        if (selection.isCollapsed) for (let n = 0; n < address.length; n += 1) selection.modify("extend", "backward", "character");
        doc.execCommand("createLink", false, LINK_STAND_IN);
        for (const each of this.active.el.querySelectorAll(`a[href="${LINK_STAND_IN}"]`)) each.setAttribute("href", address);
      }
      this.canvas.later();
    }

    /* A merge field where the caret is, or at the end of the selected text. */
    insert(words) {
      if (this.active) {
        this.back().execCommand("insertText", false, words);
        return this.canvas.later();
      }
      const component = this.editor.getSelected();
      if (!component || this.canvas.node(component)?.kind !== "words" || component.get("type") === "mj-table") return toast("Select a text first; the field goes into it.", "warn");
      component.set("content", `${component.get("content").trimEnd()} ${words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}`);
      this.canvas.later();
    }

    /* --- saved blocks --- */

    async savedBlocks() {
      try {
        const { blocks } = await (await fetch(this.root.dataset.blocks, { redirect: "error" })).json();
        const place = this.at("saved-blocks");
        place.replaceChildren(...blocks.map((block) => {
          this.pieces.set(`saved-${block.id}`, block.mjml);
          const button = Object.assign(document.createElement("button"), { type: "button", className: "piece", draggable: true, textContent: block.name });
          button.dataset.piece = `saved-${block.id}`;
          const line = document.createElement("li");
          line.append(button);
          return line;
        }));
        this.at("no-blocks").hidden = blocks.length > 0;
      } catch {
        this.at("no-blocks").textContent = "The saved blocks cannot be shown now. Reload the page to try again.";
      }
    }

    keepBlock(component) {
      this.kept = this.canvas.source.element(component, (each) => this.canvas.part(each), 1);
      document.querySelector("[data-block-refused]").textContent = "";
      document.querySelector("[data-block-name]").value = "";
      document.querySelector("#keep-block").showModal();
    }

    async sendBlock() {
      const refused = document.querySelector("[data-block-refused]");
      const body = new FormData();
      body.set("name", document.querySelector("[data-block-name]").value);
      body.set("mjml", this.kept);
      try {
        const answer = await fetch(this.root.dataset.blockSave, { method: "POST", body, redirect: "error", headers: { "X-CSRFToken": csrf() } });
        const told = await answer.json();
        if (!answer.ok) return void (refused.textContent = told.refused || "The block was not saved. Try again.");
        document.querySelector("#keep-block").close();
        toast(`“${told.name}” is saved. Put it into any design.`);
        await this.savedBlocks();
      } catch {
        refused.textContent = "The block was not saved. Check your connection and that you are logged in, then try again.";
      }
    }
  }

  window.DesignPanels = DesignPanels;
})();
