/* The source of a design as a tree that can be printed again: what nobody changed comes out octet for octet.

   The body is read; everything before and after it is carried along. A node keeps the words it was written with (its tag,
   the gap before it with indent and comments, its content), so printing puts back what stood there and writes anew only
   what differs. Kinds of nodes: "box" (has children), "words" (HTML that people type), "whole" (drawn, its inside is not
   edited here), "kept" (shown as a chip: mj-raw, Liquid between elements, what this editor does not know). */
(() => {
  "use strict";
  const BOXES = ["mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"];
  const WORDS = ["mj-text", "mj-button", "mj-table"];
  const WHOLE = ["mj-image", "mj-divider", "mj-spacer", "mj-social", "mj-navbar", "mj-accordion"];
  const ENDING = ["mj-text", "mj-button", "mj-table", "mj-raw", "mj-social-element", "mj-navbar-link", "mj-accordion-title", "mj-accordion-text", "mj-title", "mj-preview", "mj-style"];
  const ATTRIBUTE = /(\s+)([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*')/g;
  const PIECE = /<!--[\s\S]*?(?:-->|$)|<(\/?)(mj[a-z-]*)((?:\s+[^\s"'<>/=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)(\s*)(\/?)>/g;
  const MERGE_TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
  const MOST_DEEP = 100;

  class Unreadable extends Error {
    constructor(line, words) {
      super(`Line ${line}: ${words}`);
      this.line = line;
    }
  }

  const kind = (name) => (BOXES.includes(name) ? "box" : WORDS.includes(name) ? "words" : WHOLE.includes(name) ? "whole" : "kept");

  /* A place for nodes: components of the canvas name theirs by number, so that copies of a component share one. */
  class Source {
    constructor() {
      this.nodes = [];
      this.text = "";
      this.before = this.after = "";
      this.body = null;
    }

    node(values) {
      const node = { id: this.nodes.length, lead: "", open: "", attributes: new Map(), selfClosing: false, inner: "", children: [], tail: "", close: "", parent: null, line: 1, ...values };
      this.nodes.push(node);
      return node;
    }

    /* Reads a whole design. Throws Unreadable with the line. */
    read(text) {
      this.text = text;
      const body = this.elements(text).find((node) => node.name === "mjml")?.children.find((node) => node.name === "mj-body");
      if (!body) throw new Unreadable(1, "There is no <mj-body>. Put the content between <mj-body> and </mj-body>.");
      this.before = text.slice(0, body.start);
      this.after = text.slice(body.end);
      this.body = body;
      return body;
    }

    /* The nodes that stand side by side in `text`. */
    elements(text) {
      const root = this.node({ name: "", kind: "box", children: [] });
      let here = root, at = 0, gap = 0, depth = 0;
      let lines = 1, counted = 0;
      const line = (place) => {  // asked in rising order
        for (let next; (next = text.indexOf("\n", counted)) >= 0 && next < place; counted = next + 1) lines += 1;
        return lines;
      };
      const stand = (end) => {  // bare words between elements, Liquid most of all, become a node that is kept
        const words = text.slice(gap, end).replace(/<!--[\s\S]*?(?:-->|$)/g, (found) => " ".repeat(found.length));
        if (!words.trim()) return;
        const first = gap + words.length - words.trimStart().length, last = gap + words.trimEnd().length;
        here.children.push(this.node({ name: "", kind: "kept", lead: text.slice(gap, first), open: text.slice(first, last), parent: here, line: line(first), start: first, end: last }));
        gap = last;
      };
      PIECE.lastIndex = 0;
      for (let found; (found = PIECE.exec(text)); ) {
        const [raw, closes, name, attributes, space, empty] = found;
        if (!name) continue;
        at = found.index;
        stand(at);
        if (closes) {
          if (here.name !== name) throw new Unreadable(line(at), here.name ? `<${here.name}> is still open here. Write </${here.name}> first.` : `</${name}> closes nothing. Delete it.`);
          here.tail = text.slice(gap, at);
          here.close = raw;
          here.end = at + raw.length;
          if (here.kind !== "box") here.inner = text.slice(here.inside, at);
          gap = here.end;
          here = here.parent;
          depth -= 1;
          continue;
        }
        const node = this.node({ name, kind: kind(name), lead: text.slice(gap, at), open: raw, selfClosing: Boolean(empty), parent: here, line: line(at), start: at, inside: at + raw.length, end: at + raw.length });
        for (const [, , key, , value] of attributes.matchAll(ATTRIBUTE)) node.attributes.set(key, value[0] === "'" ? value.slice(1, -1).replaceAll('"', "&quot;") : value.slice(1, -1));
        here.children.push(node);
        gap = node.inside;
        if (empty) continue;
        if (ENDING.includes(name)) {
          const closing = new RegExp(`</${name}\\s*>`, "g");
          closing.lastIndex = node.inside;
          const end = closing.exec(text);
          if (!end) throw new Unreadable(node.line, `<${name}> is never closed. Write </${name}> where it ends.`);
          node.inner = text.slice(node.inside, end.index);
          node.close = end[0];
          gap = node.end = PIECE.lastIndex = end.index + end[0].length;
          continue;
        }
        depth += 1;
        if (depth > MOST_DEEP) throw new Unreadable(node.line, `Elements are nested deeper than ${MOST_DEEP}.`);
        here = node;
      }
      stand(text.length);
      if (here !== root) throw new Unreadable(here.line, `<${here.name}> is never closed. Write </${here.name}> where it ends.`);
      root.tail = text.slice(gap);
      return root.children;
    }

    /* The design with this body. `part(component)` tells of a component: { node, attributes, inner, children }. */
    print(component, part) {
      return this.before + this.element(component, part, 1) + this.after;
    }

    element(component, part, depth) {
      const { node, attributes, inner, children } = part(component);
      if (node.kind === "kept") return node.open + (node.selfClosing || !node.close ? "" : node.inner + node.close);
      const open = tag(node, attributes);
      if (node.kind !== "box") {
        if (node.selfClosing && !inner) return open;
        return (node.selfClosing ? open.replace(/\s*\/>$/, ">") : open) + inner + (node.close || `</${node.name}>`);
      }
      if (!children.length) return node.selfClosing ? open : open + (node.children.length ? "" : node.tail) + (node.close || `</${node.name}>`);
      const step = `\n${"  ".repeat(depth + 1)}`;
      let last = null;
      const words = children.map((child) => {
        const own = part(child).node, stays = own.parent === node;
        last = own;
        const comments = (own.lead.match(/<!--[\s\S]*?-->/g) || []).map((each) => step + each).join("");
        return (stays ? own.lead : comments + step) + this.element(child, part, depth + 1);
      }).join("");
      const ended = last.parent === node && node.children.at(-1) === last || node.tail.trim();
      const tail = ended || node.tail.includes("\n") ? node.tail : `\n${"  ".repeat(depth)}`;
      return (node.selfClosing ? open.replace(/\s*\/>$/, ">") : open) + words + tail + (node.close || `</${node.name}>`);
    }
  }

  /* The opening tag: as it was typed where the attributes are what they were; else only what differs is written anew. */
  const tag = (node, attributes) => {
    const left = new Map(Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null).map(([key, value]) => [key, String(value)]));
    let open = node.open.replace(ATTRIBUTE, (raw, space, key, equals, value) => {
      if (!left.has(key)) return node.attributes.get(key) === "" ? raw : "";
      const wanted = left.get(key);
      left.delete(key);
      return wanted === node.attributes.get(key) ? raw : `${space}${key}${equals}"${wanted}"`;
    });
    const added = [...left].map(([key, value]) => ` ${key}="${value}"`).join("");
    if (added) open = open.replace(/(\s*\/?>)$/, (end) => added + end);
    return open;
  };

  /* Values of attributes as people read them, and as they are written. */
  const decoder = document.createElement("textarea");
  const decoded = (words) => {
    if (!words.includes("&")) return words;
    decoder.innerHTML = words.replaceAll("<", "&lt;");
    return decoder.value;
  };
  const encoded = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

  /* Texts: what people typed, in pieces: comments, merge tags, HTML tags, entities, characters. */
  const BITS = /<!--[\s\S]*?-->|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|<\/?[a-zA-Z](?:"[^"]*"|'[^']*'|[^"'<>])*>|&(?:#\d+|#[xX][\da-fA-F]+|[a-zA-Z][a-zA-Z\d]*);?|[\s\S]/gu;
  const PAIR = /([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?/g;
  const isMerge = (bit) => bit.startsWith("{{") || bit.startsWith("{%");
  const unescaped = (bit) => bit.replaceAll("&nbsp;", " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const escaped = (bit) => bit.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const bits = (words) => words.match(BITS) || [];
  const isTag = (bit) => bit.length > 2 && bit[0] === "<" && bit[1] !== "!";
  const known = new Map();
  const meaning = (bit, merge) => {
    if (isMerge(bit)) return `{${merge(bit)}`;
    if (bit.length === 1 || bit.startsWith("<!--")) return bit;
    if (!known.has(bit)) {
      if (known.size > 5000) known.clear();
      if (!isTag(bit)) known.set(bit, decoded(bit));
      else {
        const [, closes, name, rest] = bit.match(/^<(\/?)([^\s>/]+)([\s\S]*?)\/?>$/);
        const pairs = new Map();
        if (!closes) for (const [, key, value = ""] of rest.matchAll(PAIR)) if (!pairs.has(key.toLowerCase())) pairs.set(key.toLowerCase(), decoded(value.replace(/^(["'])([\s\S]*)\1$/, "$2")));
        known.set(bit, `<${closes}${name.toLowerCase()} ${JSON.stringify([...pairs])}`);
      }
    }
    return known.get(bit);
  };
  const typed = (bit) => bit, shown = unescaped;

  /* What people typed, as HTML for the canvas: between the braces of a merge tag nothing is HTML. */
  const toCanvas = (words) => bits(words).map((bit) => (isMerge(bit) ? escaped(bit) : bit)).join("");

  /* How the browser prints it when nobody has touched it. */
  const asPrinted = (html, table) => {
    const holder = document.createElement("template");
    holder.innerHTML = table ? `<table>${html}</table>` : html;
    return table ? holder.content.firstElementChild.innerHTML : holder.innerHTML;
  };

  /* Each piece that the browser prints with what was typed for it: [meaning, typed]. null: it reads them in another way. */
  const alignment = (words, printed) => {
    const was = bits(words), is = bits(printed), pairs = [];
    let n = 0;
    for (const bit of is) {
      const means = meaning(bit, shown);
      if (n < was.length && meaning(was[n], typed) === means) pairs.push([means, was[n++]]);
      else if (bit.startsWith("</") || /^<tbody>$/i.test(bit)) pairs.push([means, ""]);
      else return null;
    }
    return n === was.length ? pairs : null;
  };

  /* The typed words with the change that was made to the printed ones: what stayed keeps its spelling. */
  const spliced = (words, printed, changed) => {
    const [, lead] = words.match(/^(\s*)/), [, tail] = words.match(/(\s*)$/);
    changed = (/^\s/.test(changed) ? "" : lead) + changed + (/\s$/.test(changed) ? "" : tail);  // browsers drop what they do not show
    const pairs = alignment(words, printed), now = bits(changed);
    const plain = (all) => all.map((bit) => (isMerge(bit) ? unescaped(bit) : bit)).join("");
    if (!pairs) return plain(now);
    const means = now.map((bit) => meaning(bit, shown));
    let head = 0, foot = 0;
    while (head < pairs.length && head < now.length && pairs[head][0] === means[head]) head += 1;
    while (foot < pairs.length - head && foot < now.length - head && pairs[pairs.length - 1 - foot][0] === means[now.length - 1 - foot]) foot += 1;
    const same = (all) => all.map(([, bit]) => bit).join("");
    return same(pairs.slice(0, head)) + plain(now.slice(head, now.length - foot)) + same(pairs.slice(pairs.length - foot));
  };

  /* HTML that may stand in the canvas: the tags that mail has, and nothing that would run. */
  const TAGS = new Set("a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr".split(" "));
  const harmless = (words) => bits(words).every((bit) => {
    if (!isTag(bit)) return true;
    const [, , name, rest] = bit.match(/^<(\/?)([^\s>/]+)([\s\S]*?)\/?>$/);
    if (!TAGS.has(name.toLowerCase())) return false;
    return [...rest.matchAll(PAIR)].every(([, key, value = ""]) => !/^on/i.test(key) && !/^(?:javascript|vbscript|data):/i.test(decoded(value.replace(/^["']|["']$/g, "")).replace(/[\s\u0000-\u0020]/g, "")));
  });
  const editable = (words, table) => harmless(words) && alignment(words, asPrinted(toCanvas(words), table)) !== null;

  window.MjmlSource = { Source, Unreadable, MERGE_TAG, decoded, encoded, toCanvas, asPrinted, spliced, editable };
})();
