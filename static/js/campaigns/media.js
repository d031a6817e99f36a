/* The media library: files dropped anywhere on the upload sheet are put into its field and sent. */
(() => {
  "use strict";
  const sheet = (event) => event.target.closest?.("[data-drop]");
  document.addEventListener("dragover", (event) => {
    const drop = sheet(event);
    if (!drop) return;
    event.preventDefault();
    drop.setAttribute("data-over", "");
  });
  document.addEventListener("dragleave", (event) => sheet(event)?.removeAttribute("data-over"));
  document.addEventListener("drop", (event) => {
    const drop = sheet(event);
    if (!drop) return;
    event.preventDefault();
    drop.removeAttribute("data-over");
    if (!event.dataTransfer.files.length) return;
    drop.elements.files.files = event.dataTransfer.files;
    drop.requestSubmit();
  });
})();
