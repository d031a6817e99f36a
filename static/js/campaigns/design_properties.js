/* What can be said of the selected element: the attributes that mail programs follow, and no others. An empty field says nothing, and then the brand's kit does. */
(() => {
  "use strict";
  const { decoded, encoded } = window.MjmlSource;
  const ALIGN = ["align", "Alignment", ["", "left", "center", "right"]];
  const PADDING = ["padding", "Space around"];
  const LINK = ["href", "Leads to", "address"];
  const GROUND = ["background-color", "Background", "colour"];
  const ROUND = ["border-radius", "Round corners"];
  const UPRIGHT = ["vertical-align", "Vertical alignment", ["", "top", "middle", "bottom"]];
  const TYPE = [["color", "Text colour", "colour"], ["font-size", "Text size"], ["line-height", "Line height"]];
  const FIELDS = {
    "mj-body": [["width", "Width"], GROUND],
    "mj-wrapper": [GROUND, PADDING, ROUND, ["full-width", "Reaches to the edges", ["", "full-width"]]],
    "mj-section": [GROUND, PADDING, ROUND, ["direction", "Order of the columns", ["", "ltr", "rtl"]], ["full-width", "Reaches to the edges", ["", "full-width"]]],
    "mj-group": [GROUND, UPRIGHT],
    "mj-column": [["width", "Width"], UPRIGHT, GROUND, PADDING, ROUND],
    "mj-hero": [GROUND, ["background-url", "Picture behind it", "picture"], PADDING, ["height", "Height"], UPRIGHT],
    "mj-text": [ALIGN, ...TYPE, ["container-background-color", "Background", "colour"], PADDING],
    "mj-table": [...TYPE, PADDING],
    "mj-button": [LINK, ALIGN, GROUND, ...TYPE.slice(0, 2), ["width", "Width"], ROUND, ["inner-padding", "Space inside"], PADDING],
    "mj-image": [["src", "Picture", "picture"], ["alt", "What it shows", "words"], LINK, ["width", "Width"], ALIGN, ROUND, PADDING],
    "mj-divider": [["border-color", "Colour", "colour"], ["border-width", "Thickness"], ["width", "Width"], PADDING],
    "mj-spacer": [["height", "Height"]],
    "mj-social": [ALIGN, PADDING],
    "mj-navbar": [ALIGN, PADDING],
    "mj-accordion": [PADDING],
  };
  const GROUNDS = [["kit-sheet", "Sheet"], ["kit-tint", "Tint of the accent"], ["kit-band", "Accent"], ["kit-night", "Night"]];
  const TEXTS = [["kit-text", "Text"], ["kit-quiet", "Small print"], ["kit-on-accent", "On the accent"], ["kit-on-night", "On the night"]];
  const LOOKS = {
    "mj-body": [["kit-page", "Page"], ["kit-night-page", "Night"]], "mj-wrapper": GROUNDS, "mj-section": GROUNDS, "mj-column": GROUNDS, "mj-text": TEXTS, "mj-table": TEXTS.slice(0, 2),
    "mj-button": [["kit-button", "Button"], ["kit-button-quiet", "Quiet button"], ["kit-button-night", "On the night"]], "mj-image": [["kit-picture", "Picture"], ["kit-logo", "The brand's logo"]], "mj-divider": [["kit-line", "Line"]], "mj-social": [["kit-social", "Links of the brand"]],
  };
  const SAID = { "": "As it is", left: "Left", center: "Centre", right: "Right", top: "Top", middle: "Middle", bottom: "Bottom", "full-width": "Yes", ltr: "First column left", rtl: "First column right" };
  const SIDES = { padding: ["padding-top", "padding-right", "padding-bottom", "padding-left"] };

  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) key in made && key !== "list" && key !== "form" ? (made[key] = value) : made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  class DesignProperties {
    /* `acts`: what the buttons do, by name. Ids stay the same, so that the focus stays where it was. */
    constructor(place, canvas, acts) { Object.assign(this, { place, canvas, acts }); }

    show(component) {
      const had = this.place.contains(document.activeElement) ? document.activeElement.id : "";
      this.component = component;
      this.place.replaceChildren();
      if (!component) {
        this.place.append(make("h2", {}, "Nothing is selected"), make("p", { className: "quiet small" }, "Select something in the mail or in the outline to change how it looks."));
        return;
      }
      const { canvas } = this, node = canvas.node(component), values = canvas.attributes(component);
      this.place.append(make("h2", {}, node.kind === "kept" ? "Kept as it is" : window.DesignCanvas.NAMES[node.name]));
      this.place.append(this.buttons(component, node));
      if (node.kind === "kept") {
        this.place.append(make("p", { className: "quiet small" }, canvas.label(component)), make("p", { className: "quiet small" }, "It is edited in the code. Here it can be moved, copied and deleted."));
        return;
      }
      if (LOOKS[node.name]) this.place.append(this.looks(node.name, values));
      for (const [name, label, kind = "text"] of FIELDS[node.name] || []) this.place.append(this.field(name, label, kind, values));
      if (had) this.place.querySelector(`#${CSS.escape(had)}`)?.focus();
    }

    buttons(component, node) {
      const row = make("div", { className: "row-of element-acts" });
      const add = (act, words) => row.append(make("button", { type: "button", id: `act-${act}`, className: "btn btn-sm", onclick: () => this.acts[act](component) }, words));
      const parent = component.parent();
      if (node.kind === "words") add("write", "Edit the words");
      if (node.name === "mj-image") add("picture", "Choose a picture");
      if (node.name !== "mj-body") {
        add("up", "Move up");
        add("down", "Move down");
        add("copy", "Duplicate");
        add("remove", "Delete");
        if (parent && this.canvas.node(parent)) add("parent", `Select the ${(window.DesignCanvas.NAMES[this.canvas.node(parent).name] || "part").toLowerCase()}`);
      }
      if (["mj-section", "mj-wrapper", "mj-hero"].includes(node.name)) add("keep", "Save as a block");
      add("code", "Show in the code");
      return row;
    }

    labelled(id, label, ...controls) { return make("div", { className: "property" }, make("label", { className: "form-label", htmlFor: id }, label), ...controls); }

    looks(name, values) {
      const own = (values["mj-class"] || "").split(/\s+/).filter(Boolean), options = LOOKS[name], now = own.find((each) => options.some(([key]) => key === each)) || "";
      const select = make("select", { className: "form-select", id: "look" }, make("option", { value: "" }, "None"), ...options.map(([key, words]) => make("option", { value: key }, words)));
      select.value = now;
      select.onchange = () => this.set("mj-class", [...own.filter((each) => each !== now), select.value].filter(Boolean).join(" "));
      return this.labelled("look", "Style from the brand kit", select);
    }

    field(name, label, kind, values) {
      const id = `property-${name}`, value = decoded(values[name] ?? (SIDES[name]?.some((side) => side in values) ? SIDES[name].map((side) => values[side] || "0").join(" ") : ""));
      if (Array.isArray(kind)) {
        const select = make("select", { className: "form-select", id }, ...kind.map((each) => make("option", { value: each }, SAID[each])));
        select.value = value;
        select.onchange = () => this.set(name, select.value);
        return this.labelled(id, label, select);
      }
      const input = make("input", { className: "form-control", id, type: "text", value, autocomplete: "off", spellcheck: kind === "words" });
      input.placeholder = decoded(this.canvas.inherited(this.component, name)) || { address: "https://", picture: "https://" }[kind] || "";
      input.onchange = () => this.set(name, input.value.trim());
      if (kind === "address") input.setAttribute("list", "link-names");
      if (kind === "colour") {
        const shown = /^#[0-9a-f]{6}$/i.test(value || input.placeholder) ? value || input.placeholder : "#ffffff";
        const pick = make("input", { type: "color", className: "form-control colour", value: shown, ariaLabel: `${label}: choose` });
        pick.setAttribute("aria-label", `${label}: choose`);
        pick.onchange = () => { input.value = pick.value.toUpperCase(); this.set(name, input.value); };
        return this.labelled(id, label, make("div", { className: "colour-row" }, input, pick));
      }
      if (kind === "picture") return this.labelled(id, label, input, make("button", { type: "button", className: "btn btn-sm", onclick: () => this.acts.picture(this.component, name) }, "From the library"));
      return this.labelled(id, label, input);
    }

    set(name, value) {
      const { component } = this;
      if (SIDES[name]) component.removeAttributes(SIDES[name]);
      if (value || name === "alt" || name === "src" || (name === "href" && component.get("type") === "mj-button")) component.addAttributes({ [name]: encoded(value) });
      else component.removeAttributes(name);
      this.canvas.later();
    }
  }

  window.DesignProperties = DesignProperties;
})();
