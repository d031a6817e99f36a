// The segment builder: lists that one searches by typing, and a keyboard that stays where it was when the tree is drawn anew.
// Without JavaScript the lists are plain selects.
(() => {
  "use strict";
  const FEW = 8; // choices that need no search
  let lastPressed = "";
  let counter = 0;

  const choicesOf = (select) => Array.from(select.options).map((option) => ({
    value: option.value,
    label: option.textContent.trim(),
    group: option.parentElement.tagName === "OPTGROUP" ? option.parentElement.label : "",
  }));

  const fetched = async (url, words) => {
    const answer = await fetch(`${url}&q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).choices : [];
  };

  const debounced = (delay, act) => {
    let timer = 0;
    return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), delay); };
  };

  // --- A select becomes a combobox (WAI-ARIA: editable, with list autocomplete) ---------------------------------------
  const enhance = (select) => {
    if (select.dataset.enhanced || select.disabled || select.closest("fieldset:disabled")) return;
    if (select.options.length <= FEW && !select.dataset.more) return;
    select.dataset.enhanced = "1";
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const box = document.createElement("div");
    const input = document.createElement("input");
    const list = document.createElement("ul");
    counter += 1;
    box.className = "segment-combobox";
    input.className = "form-select";
    Object.assign(input, { type: "text", autocomplete: "off", id: `combobox-${counter}`, spellcheck: false });
    list.id = `combobox-list-${counter}`;
    list.className = "segment-options";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
      "aria-label": label ? label.textContent.trim() : "Choose",
    })) input.setAttribute(name, value);
    list.setAttribute("aria-label", input.getAttribute("aria-label"));
    select.hidden = true;
    select.after(box);
    box.append(input, list);
    let active = -1;

    const shown = () => select.selectedOptions[0]?.textContent.trim() || "";
    const settle = () => { input.value = shown(); };
    const close = () => { list.hidden = true; active = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const options = () => Array.from(list.querySelectorAll("[role=option]"));
    const highlight = (at) => {
      const all = options();
      if (!all.length) return;
      active = (at + all.length) % all.length;
      all.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
      input.setAttribute("aria-activedescendant", all[active].id);
      all[active].scrollIntoView({ block: "nearest" });
    };
    const choose = (value, words) => {
      if (!Array.from(select.options).some((option) => option.value === value)) select.append(new Option(words, value));
      const before = select.value;
      select.value = value;
      settle();
      close();
      if (value !== before) {
        select.dispatchEvent(new Event("input", { bubbles: true }));
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }
    };
    const draw = (choices) => {
      list.replaceChildren();
      let group = "";
      choices.forEach((choice, index) => {
        if (choice.group && choice.group !== group) {
          group = choice.group;
          const heading = document.createElement("li");
          heading.className = "segment-options-group";
          heading.setAttribute("role", "presentation");
          heading.textContent = group;
          list.append(heading);
        }
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.value = choice.value;
        option.textContent = choice.label;
        list.append(option);
      });
      if (!choices.length) {
        const none = document.createElement("li");
        none.className = "segment-options-group";
        none.setAttribute("role", "presentation");
        none.textContent = "Nothing found";
        list.append(none);
      }
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      active = -1;
    };
    const find = (words) => {
      const wanted = words.trim().toLowerCase();
      draw(choicesOf(select).filter((choice) => choice.label.toLowerCase().includes(wanted)));
      if (wanted) highlight(0);
      if (select.dataset.more && wanted) further(wanted);
    };
    const further = debounced(200, async (words) => {
      const more = await fetched(select.dataset.more, words);
      if (document.activeElement !== input || input.value.trim().toLowerCase() !== words) return;
      draw(more);
      highlight(0);
    });

    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => { if (list.hidden) find(""); });
    input.addEventListener("input", (event) => { event.stopPropagation(); find(input.value); });
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("blur", () => setTimeout(() => { close(); settle(); }, 150));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) find("");
        highlight(active + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        const option = options()[active];
        if (!list.hidden && option) choose(option.dataset.value, option.textContent);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
        settle();
      }
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) choose(option.dataset.value, option.textContent);
    });
    settle();
  };

  // --- Many boxes to tick get a search --------------------------------------------------------------------------------
  const searchTicks = (field) => {
    if (field.dataset.enhanced || field.closest("fieldset:disabled")) return;
    const boxes = () => Array.from(field.querySelectorAll("label"));
    if (boxes().length <= FEW && !field.dataset.more) return;
    field.dataset.enhanced = "1";
    const input = document.createElement("input");
    Object.assign(input, { type: "search", className: "form-control", placeholder: "Find…" });
    input.setAttribute("aria-label", "Find in the list");
    field.querySelector("legend").after(input);
    const show = (words) => boxes().forEach((label) => {
      label.hidden = !label.textContent.toLowerCase().includes(words) && !label.querySelector("input").checked;
    });
    const further = debounced(200, async (words) => {
      for (const choice of await fetched(field.dataset.more, words)) {
        if (boxes().some((label) => label.querySelector("input").value === choice.value)) continue;
        const label = document.createElement("label");
        const box = document.createElement("input");
        const text = document.createElement("span");
        label.className = "form-check";
        Object.assign(box, { type: "checkbox", className: "form-check-input", name: field.dataset.name, value: choice.value });
        text.className = "form-check-label";
        text.textContent = choice.label;
        label.append(box, " ", text);
        field.append(label);
      }
      show(words);
    });
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      const words = input.value.trim().toLowerCase();
      show(words);
      if (field.dataset.more && words) further(words);
    });
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  };

  const prepare = (root) => {
    root.querySelectorAll("select[data-searchable]").forEach(enhance);
    root.querySelectorAll("[data-ticks]").forEach(searchTicks);
  };

  // --- The keyboard stays where it was --------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    const from = event.detail.elt;
    lastPressed = from.matches("#tree-body button") ? from.value.split(":")[0] : "";
    if (!lastPressed && document.activeElement?.closest("#tree-body")) {
      const select = document.activeElement.closest(".segment-combobox")?.previousElementSibling || document.activeElement;
      lastPressed = select.id ? `#${CSS.escape(select.id)}` : "";
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "tree-body") return;
    prepare(event.detail.target);
    const focusable = (element) => (element?.hidden ? element.nextElementSibling?.querySelector("input") : element);
    if (lastPressed.startsWith("#")) {
      focusable(event.detail.target.querySelector(lastPressed))?.focus();
      return;
    }
    const place = event.detail.target.querySelector("[data-has-focus]");
    if (!place) return;
    const wanted = lastPressed === "up" || lastPressed === "down"
      ? place.querySelector(`button[value^="${lastPressed}:"]:not(:disabled)`) || place.querySelector("button:not(:disabled)")
      : place.querySelector(":scope > .segment-parts select") || place.querySelector('button[value^="add:"]');
    focusable(wanted)?.focus();
  });
  prepare(document);
})();
