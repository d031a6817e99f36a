// The upload: drop files anywhere on the sheet, see how far they are, stop. Without this the form uploads as forms do.
(() => {
  const form = document.querySelector("[data-upload]");
  if (!form) return;
  const drop = form.querySelector("[data-drop]");
  const input = drop.querySelector("input[type=file]");
  const progress = form.querySelector("[data-upload-progress]");
  const meter = progress.querySelector("progress");
  const says = form.querySelector("[data-upload-says]");
  const stop = form.querySelector("[data-upload-stop]");
  form.querySelector("[data-drop-words]").hidden = false;

  let depth = 0;
  const over = (by) => {
    depth = Math.max(0, depth + by);
    form.classList.toggle("is-over", depth > 0);
  };
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  form.addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); over(1); } });
  form.addEventListener("dragleave", () => over(-1));
  form.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  form.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(0);
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    form.requestSubmit();
  });

  const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString(undefined, { maximumFractionDigits: bytes < 1e7 ? 1 : 0 })} MB`;
  const size = () => [...input.files].reduce((sum, file) => sum + file.size, 0);

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return; // pasted rows go as forms do
    event.preventDefault();
    event.stopImmediatePropagation();
    const request = new XMLHttpRequest();
    const began = Date.now();
    const buttons = form.querySelectorAll(".form-foot .btn:not([data-upload-stop])");
    const busy = (on) => {
      progress.hidden = stop.hidden = !on;
      for (const button of buttons) button.toggleAttribute("disabled", on);
    };
    request.upload.addEventListener("progress", (sent) => {
      if (!sent.lengthComputable) return;
      meter.value = (100 * sent.loaded) / sent.total;
      const seconds = (Date.now() - began) / 1000;
      const left = Math.round(((sent.total - sent.loaded) * seconds) / Math.max(sent.loaded, 1));
      says.textContent = sent.loaded < sent.total
        ? `${megabytes(sent.loaded)} of ${megabytes(sent.total)}${seconds > 2 ? ` · about ${left} s left` : ""}`
        : "Looking at it…";
    });
    request.addEventListener("load", () => {
      if (request.responseURL && new URL(request.responseURL).pathname !== location.pathname) {
        location.assign(request.responseURL);
        return;
      }
      const answer = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("[data-upload]");
      if (!answer) {
        location.reload();
        return;
      }
      busy(false);
      for (const place of ["[data-drop] .field", "[data-drop]"]) {
        const error = answer.querySelector(`${place} .field-error`) ?? answer.querySelector(".notice, .alert");
        if (error) {
          form.querySelector("[data-upload-error]")?.remove();
          error.setAttribute("data-upload-error", "");
          error.setAttribute("role", "alert");
          drop.append(document.importNode(error, true));
          break;
        }
      }
    });
    request.addEventListener("error", () => {
      busy(false);
      progress.hidden = false;
      says.textContent = "The line broke, or the server closed it because the file is too large (2 GB at most). Try again.";
    });
    request.addEventListener("abort", () => busy(false));
    stop.onclick = () => request.abort();
    form.querySelector("[data-upload-error]")?.remove();
    meter.value = 0;
    says.textContent = `${megabytes(size())} to go`;
    busy(true);
    request.open("POST", form.action || location.href);
    request.send(new FormData(form));
  }, true);
})();
