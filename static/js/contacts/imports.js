// The matching screen: shows the controls of a new field and of dates only where they are wanted.
(() => {
  const settle = (row) => {
    const means = row.querySelector("[data-means]");
    if (!means) return;
    const isNew = means.value === "new";
    row.querySelector("[data-when-new]").hidden = !isNew;
    const date = row.querySelector("[data-when-date]");
    if (isNew) date.hidden = !["date", "datetime"].includes(row.querySelector("[data-kind]").value);
    else date.hidden = !means.dataset.dated.split(" ").includes(means.value);
  };
  for (const row of document.querySelectorAll("[data-column]")) settle(row);
  document.addEventListener("change", (event) => {
    const row = event.target.closest("[data-column]");
    if (row) settle(row);
  });
})();
