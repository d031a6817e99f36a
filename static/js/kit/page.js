/* What every page does: theme, toasts, copying, dialogs, busy buttons, unsaved forms, the search key. Listens on document, so that parts swapped by htmx take part. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const token = () => $('meta[name="csrf-token"]')?.content || "";

  /* htmx: the CSRF token on every request, and a plain word when one fails. */
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (event.detail.requestConfig.elt.closest("[data-autosave]") || status === 286) return;
    const words = { 403: "You may not do this with your role.", 404: "This is no longer there. Reload the page.", 429: "Too many tries. Wait a minute, then try again." };
    toast({ text: words[status] || "That did not work. Nothing was changed; try again.", level: "fail" });
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!event.detail.requestConfig.elt.matches("[hx-trigger*=every]")) toast({ text: "No answer. Check your connection, then try again.", level: "fail" });
  });

  /* Theme: light, dark, or the system's. The cookie lets the server write it into the page, so nothing flashes. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    const choice = button.dataset.themeChoice;
    document.cookie = `theme=${choice}; path=/; max-age=${choice === "auto" ? 0 : 31536000}; samesite=lax`;
    if (choice === "auto") delete document.documentElement.dataset.bsTheme;
    else document.documentElement.dataset.bsTheme = choice;
    showTheme();
    document.dispatchEvent(new CustomEvent("theme"));
  });
  const showTheme = () => {
    const now = document.documentElement.dataset.bsTheme || "auto";
    for (const button of document.querySelectorAll("[data-theme-choice]")) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === now));
  };

  /* Toasts: from the page, or from a response's HX-Trigger {"toast": {"text", "level", "undo"}}. */
  const seconds = (line) => (line.hasAttribute("data-undoable") || line.classList.contains("fail") ? 12 : 6);
  const leave = (line) => {
    let left = seconds(line);
    const timer = setInterval(() => {
      if (!line.isConnected) return clearInterval(timer);
      if (line.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left <= 0) { clearInterval(timer); line.remove(); }
    }, 1000);
  };
  const toast = ({ text, level = "pass", undo = "" }) => {
    const home = $("#toasts"), template = $("#toast-template");
    if (!home || !template || !text) return;
    const line = template.content.firstElementChild.cloneNode(true);
    line.classList.add(level);
    $(".toast-says", line).textContent = text;
    if (undo.startsWith("/") && !undo.startsWith("//")) {
      const form = $("form", line);
      form.hidden = false;
      form.action = undo;
      line.setAttribute("data-undoable", "");
    }
    home.append(line);
    leave(line);
  };
  document.addEventListener("toast", (event) => toast(event.detail.value || event.detail));
  document.addEventListener("click", (event) => event.target.closest("[data-dismisses]")?.closest("[data-toast], .notice")?.remove());

  /* Copying. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const says = $("[data-copy-says]", button) || button;
    const before = button.dataset.copyWas || (button.dataset.copyWas = says.textContent);
    try {
      await navigator.clipboard.writeText(button.dataset.copies);
      says.textContent = "Copied";
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: button.dataset.copies });
      document.body.append(area);
      area.select();
      says.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl-C";
      area.remove();
    }
    setTimeout(() => { says.textContent = before; }, 2000);
  });

  /* Dialogs. */
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && (!("whenValid" in opener.dataset) || opener.form.reportValidity())) document.getElementById(opener.dataset.opens)?.showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog")?.close();
    if (event.target.matches("dialog.dialog, dialog.side-sheet")) {
      const box = event.target.getBoundingClientRect();
      if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) event.target.close();
    }
  });

  /* Forms: busy while on their way; a word before typed things are lost; typed confirmations; submit on change. */
  const unsaved = new Set();
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    unsaved.delete(form);
    if (event.defaultPrevented || form.method === "dialog" || form.target || form.hasAttribute("hx-post") || form.hasAttribute("hx-get")) return;
    setTimeout(() => {
      for (const one of form.querySelectorAll("button:not([type=button])")) one.disabled = true;
      if (button?.dataset.busy) button.textContent = button.dataset.busy;
    });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const one of document.querySelectorAll("form button:disabled:not([data-locked])")) one.disabled = false;
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-unsaved]");
    if (form) unsaved.add(form);
    if (event.target.matches?.("[data-must-equal]")) confirmable(event.target);
  });
  window.addEventListener("beforeunload", (event) => { if ([...unsaved].some((form) => form.isConnected)) event.preventDefault(); });
  const confirmable = (input) => {
    for (const button of input.form.querySelectorAll("button:not([type=button])")) {
      button.disabled = input.value.trim() !== input.dataset.mustEqual;
      button.toggleAttribute("data-locked", button.disabled);
    }
  };
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });

  /* Autosave: says what it does. */
  const says = (event, words) => {
    const form = event.target.closest?.("[data-autosave]");
    const line = form && ($("[data-autosave-says]", form) || $("[data-autosave-says]"));
    if (line) line.textContent = words;
  };
  document.addEventListener("htmx:beforeRequest", (event) => says(event, "Saving…"));
  document.addEventListener("htmx:afterRequest", (event) => {
    const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    says(event, event.detail.successful ? `Saved ${time}` : "Not saved. Keep this page open; we try again with your next change.");
  });

  /* Ctrl-K or / goes to the search. */
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true], .code-editor");
    if (((event.ctrlKey || event.metaKey) && event.key === "k") || (event.key === "/" && !typing)) {
      const box = $("#top-search");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
  });

  /* The bell counts what runs. */
  const count = () => {
    const bell = $("[data-bell-count]");
    if (!bell) return;
    const running = document.querySelectorAll('[data-job="running"], [data-job="waiting"]').length;
    bell.textContent = running;
    bell.hidden = !running;
  };
  document.addEventListener("htmx:afterSettle", count);

  /* The browser's time zone, for a form that asks for it. */
  const zones = () => {
    for (const select of document.querySelectorAll("select[data-detects-time-zone]")) {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if ([...select.options].some((option) => option.value === zone)) select.value = zone;
    }
  };

  /* On a phone the tabs are wider than the screen: where one is should be seen. */
  const showTab = () => {
    const here = $(".sub-nav [aria-current]");
    const over = here ? here.getBoundingClientRect().right - here.closest(".sub-nav").getBoundingClientRect().right : 0;
    if (over > 0) here.closest(".sub-nav").scrollLeft += over;
  };

  document.addEventListener("DOMContentLoaded", () => {
    showTheme();
    showTab();
    count();
    zones();
    document.querySelectorAll("[data-toast]").forEach(leave);
    document.querySelectorAll("[data-must-equal]").forEach(confirmable);
    document.querySelector("dialog[data-open-now]")?.showModal();
  });
})();
