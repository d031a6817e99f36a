// The matching screen: shows the controls of a new field and of dates only where they are wanted.
(() => {
  const settle = (row) => {
    const means = row.querySelector("[data-means]");
    if (!means) return;
    const isNew = means.value === "new";
    row.querySelector("[data-when-new]").hidden = !isNew;
    const date = row.querySelector("[data-when-date]");
    if (isNew) date.hidden = row.querySelector("[data-kind]").value !== "date";
    else if (date.dataset.known !== means.value) date.hidden = true;
    else date.hidden = false;
  };
  for (const row of document.querySelectorAll("[data-column]")) {
    const date = row.querySelector("[data-when-date]");
    if (!date.hidden) date.dataset.known = row.querySelector("[data-means]").value;
    settle(row);
  }
  document.addEventListener("change", (event) => {
    const row = event.target.closest("[data-column]");
    if (row) settle(row);
  });
})();
