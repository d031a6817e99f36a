/* The media library as a dialog: choose a picture or upload one, and say what it shows. */
(() => {
  "use strict";
  class DesignPictures {
    constructor(root) {
      this.root = root;
      this.dialog = document.querySelector("#pictures");
      this.at = (name) => this.dialog.querySelector(`[data-picture${name}]`);
      this.at("-words").addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.list(), 300); });
      this.at("s-more").addEventListener("click", () => this.list(this.page + 1));
      this.at("-file").addEventListener("change", () => this.upload());
      this.at("-decoration").addEventListener("change", () => { this.at("-alt").disabled = this.at("-decoration").checked; });
      this.at("-use").addEventListener("click", () => this.use());
      this.at("-form").addEventListener("submit", (event) => { event.preventDefault(); this.use(); });
    }

    /* Resolves to { src, alt } or, when the dialog was closed, to null. */
    choose({ words = "", alt = null } = {}) {
      this.said = alt;
      this.at("-form").hidden = true;
      this.at("-words").value = words;
      this.list();
      this.dialog.showModal();
      return new Promise((resolve) => {
        this.resolve = resolve;
        this.dialog.addEventListener("close", () => { this.resolve?.(null); this.resolve = null; }, { once: true });
      });
    }

    async list(page = 1) {
      const url = new URL(this.root.dataset.media, window.location.href);
      url.searchParams.set("q", this.at("-words").value);
      url.searchParams.set("page", page);
      try {
        const told = await (await fetch(url, { redirect: "error" })).json();
        if (page === 1) this.at("s").replaceChildren();
        this.page = told.page;
        told.pictures.forEach((picture) => this.add(picture));
        this.at("s-more").hidden = told.page >= told.pages;
        this.say(told.pictures.length || page > 1 ? "" : this.at("-words").value ? "No picture has these words." : "There are no pictures yet. Upload the first one.");
      } catch {
        this.say("The pictures cannot be shown now. Check your connection, then try again.");
      }
    }

    add(picture, first = false) {
      const image = Object.assign(document.createElement("img"), { src: picture.thumb, alt: picture.alt || picture.name, loading: "lazy" });
      const button = Object.assign(document.createElement("button"), { type: "button", className: "picture-button" });
      button.append(image, Object.assign(document.createElement("span"), { className: "truncate small", textContent: picture.name }));
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.pick(picture, button));
      const line = document.createElement("li");
      line.append(button);
      this.at("s")[first ? "prepend" : "append"](line);
      return button;
    }

    pick(picture, button) {
      this.picked = picture;
      for (const each of this.at("s").querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", String(each === button));
      this.at("-form").hidden = false;
      this.at("-decoration").checked = false;
      this.at("-alt").disabled = false;
      this.at("-alt").value = picture.alt || this.said || "";
      this.at("-alt").focus();
    }

    async upload() {
      const [file] = this.at("-file").files;
      if (!file) return;
      const body = new FormData();
      body.append("files", file);
      this.say("Uploading…");
      try {
        const answer = await fetch(this.root.dataset.mediaUpload, { method: "POST", body, redirect: "error", headers: { Accept: "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content } });
        const told = await answer.json();
        this.say(told.refused.join(" ") || "Uploaded. Say what it shows.");
        if (told.pictures.length) this.pick(told.pictures[0], this.add(told.pictures[0], true));
      } catch {
        this.say("The picture was not uploaded. Check your connection and that you are logged in, then try again.");
      }
      this.at("-file").value = "";
    }

    use() {
      const alt = this.at("-alt");
      if (!this.at("-decoration").checked && !alt.value.trim()) {
        this.say("Write what the picture shows, or tick that it is decoration.");
        alt.focus();
        return;
      }
      const done = this.resolve;
      this.resolve = null;
      this.dialog.close();
      done?.({ src: this.picked.src, alt: this.at("-decoration").checked ? "" : alt.value.trim() });
    }

    say(words) { this.at("s-say").textContent = words; }
  }

  window.DesignPictures = DesignPictures;
})();
