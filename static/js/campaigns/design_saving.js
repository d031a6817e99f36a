/* Autosave of the design's text. What was typed lies in this browser until the server has it: a session that ends, a line that
   is cut or a second person at the same design lose nothing, and each is said in words with what can be done. */
(() => {
  "use strict";
  const AFTER = 700, AGAIN = 15000;

  class DesignSaving {
    constructor(root) {
      this.root = root;
      this.form = root.querySelector("[data-design]");
      this.area = root.querySelector("#mjml");
      this.key = `posthouse.design.${root.dataset.key}`;
      this.saved = this.area.value;
      this.state = "";
      this.area.addEventListener("input", () => this.typed());
      window.addEventListener("beforeunload", (event) => { if (this.unsaved) event.preventDefault(); });
      window.addEventListener("online", () => { if (this.state === "offline") this.flush(); });
      document.addEventListener("click", (event) => this.leaving(event));
      root.addEventListener("click", (event) => {
        const button = event.target.closest("[data-save-now], [data-choice], [data-draft]");
        if (!button) return;
        event.preventDefault();
        if (button.dataset.choice) this.choose(button);
        else if (button.dataset.draft) this.settle(button.dataset.draft);
        else this.flush();
      });
      if (root.querySelector("[data-conflict]")) this.state = "conflict";
      else this.offer();
    }

    get unsaved() { return this.area.value !== this.saved; }

    typed() {
      if (!this.unsaved) return;
      this.keep();
      clearTimeout(this.timer);
      if (this.state === "conflict") return this.say("Not saved: choose which text goes on.");
      this.say("Changed");
      this.timer = setTimeout(() => this.flush(), AFTER);
    }

    /* Save what is there now. Resolves to whether the server has it. */
    flush() {
      clearTimeout(this.timer);
      if (this.state === "conflict") return Promise.resolve(false);
      if (!this.unsaved) return Promise.resolve(true);
      this.queue = (this.queue || Promise.resolve()).then(() => this.post());
      return this.queue;
    }

    async post(choice = "") {
      const words = this.area.value;
      if (words === this.saved && !choice) return true;
      this.say("Saving…");
      let answer;
      try {
        answer = await this.send(words, choice);
        if (answer.status === 403 && await this.refresh()) answer = await this.send(words, choice);  // who logged in again has another token
      } catch {
        return this.trouble("offline", "Not saved. It is kept in this browser.");
      }
      if (this.otherPerson) return this.trouble("other", "Not saved: somebody else is logged in.");
      if (answer.type === "opaqueredirect" || answer.status === 401 || this.loggedOut) return this.trouble("expired", "Not saved: you are logged out.");
      if (answer.status === 409) return this.conflict(await answer.text());
      if (answer.status === 403 || answer.status === 404) return this.trouble("forbidden", "Not saved.");
      if (answer.status === 400 || answer.status === 413) {  // far more than any request may carry: the same again is no help
        this.state = "refused";
        this.say("Not saved: that is too much for one mail. Take some of it out.");
        return false;
      }
      if (answer.status === 422) {
        document.querySelector("#findings").innerHTML = await answer.text();
        this.state = "refused";
        this.say("Not saved.");
        return false;
      }
      if (!answer.ok) return this.trouble("failed", "Not saved. We try again.");
      this.saved = words;
      this.state = "";
      if (!this.unsaved) localStorageSafely((store) => store.removeItem(this.key));
      this.clear();
      this.say(`Saved ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}`);
      document.querySelector("#findings").innerHTML = await answer.text();
      const told = JSON.parse(answer.headers.get("HX-Trigger") || "{}")["design-saved"];
      if (told) {
        this.form.elements.version.value = told.version;
        document.dispatchEvent(new CustomEvent("design-saved", { detail: told }));
      }
      return true;
    }

    /* A link of the page waits until what was typed is saved; where that fails, the browser asks. */
    leaving(event) {
      const link = event.target.closest?.("a[href]");
      if (!link || link.target || !this.unsaved || this.state || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.origin !== window.location.origin || link.hash) return;
      event.preventDefault();
      this.flush().then((ok) => { if (ok) window.location.assign(link.href); });
    }

    send(words, choice) {
      const body = new FormData();
      body.set("mjml", words);
      body.set("version", this.form.elements.version.value);
      if (choice) body.set("choice", choice);
      return fetch(this.root.dataset.save, { method: "POST", body, redirect: "manual", headers: { "HX-Request": "true", "X-CSRFToken": csrf() } });
    }

    /* A fresh token of this page; false when there is none to be had, or when it is somebody else's: nobody saves in the name
       of another person. */
    async refresh() {
      const answer = await fetch(window.location.href, { redirect: "manual" });
      this.loggedOut = answer.type === "opaqueredirect";
      if (!answer.ok) return false;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"), key = page.querySelector("[data-editor]")?.dataset.key;
      this.otherPerson = Boolean(key) && key !== this.root.dataset.key;
      if (this.otherPerson) return false;
      const fresh = page.querySelector('meta[name="csrf-token"]')?.content;
      const here = document.querySelector('meta[name="csrf-token"]');
      if (!fresh || !here || fresh === here.content) return false;
      here.content = fresh;
      return true;
    }

    trouble(kind, words) {
      this.loggedOut = this.otherPerson = false;
      this.state = kind;
      this.keep();
      this.notice(kind);
      this.say(words);
      if (kind === "offline" || kind === "failed") {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.flush(), AGAIN);
      }
      return false;
    }

    conflict(html) {
      this.state = "conflict";
      this.keep();
      this.place.innerHTML = html;
      this.say("Not saved: choose which text goes on.");
      this.place.querySelector("[data-choice]")?.focus();
      return false;
    }

    async choose(button) {
      const theirs = button.dataset.choice === "theirs";
      this.form.elements.version.value = button.closest("[data-conflict]").dataset.version;
      this.state = "";
      if (!(await this.post(button.dataset.choice))) return;
      if (theirs) {
        localStorageSafely((store) => store.removeItem(this.key));
        this.saved = this.area.value;
        window.location.reload();
      }
    }

    /* --- what lies in this browser --- */

    keep() {
      localStorageSafely((store) => store.setItem(this.key, JSON.stringify({ mjml: this.area.value, version: this.form.elements.version.value, at: Date.now() })));
    }

    offer() {
      const kept = localStorageSafely((store) => JSON.parse(store.getItem(this.key) || "null"));
      if (!kept || kept.mjml === this.area.value) return localStorageSafely((store) => store.removeItem(this.key));
      this.draft = kept;
      this.notice("draft");
      this.place.querySelector("[data-when]").textContent = `on ${new Date(kept.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
    }

    settle(what) {
      this.clear();
      if (what === "away") return localStorageSafely((store) => store.removeItem(this.key));
      this.form.elements.version.value = this.draft.version;  // somebody may have saved since: then both are shown
      this.put(this.draft.mjml);
      document.dispatchEvent(new CustomEvent("design-replaced"));
    }

    /* Put a text into the editor as if it had been typed. */
    put(words) {
      if (this.area.dataset.codeEditorOn) this.area.dispatchEvent(new CustomEvent("replace", { detail: words }));
      else {
        this.area.value = words;
        this.area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }

    /* --- words --- */

    get place() { return this.root.querySelector("[data-notices]"); }

    notice(kind) {
      const template = document.querySelector(`template[data-notice="${kind}"]`);
      if (this.place.dataset.shows === kind) return;
      this.place.dataset.shows = kind;
      this.place.replaceChildren(template.content.cloneNode(true));
    }

    clear() {
      delete this.place.dataset.shows;
      this.place.replaceChildren();
    }

    say(words) { this.root.querySelector("[data-save-says]").textContent = words; }
  }

  const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content || "";
  const localStorageSafely = (act) => {
    try { return act(window.localStorage); } catch { return null; }  // full, or forbidden: the page goes on without
  };

  window.DesignSaving = DesignSaving;
})();
