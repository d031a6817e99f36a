// Choosing people in the list: all on the page, how many are chosen, everybody who fits.
(() => {
  const form = document.querySelector("[data-bulk]");
  const bar = form && form.querySelector("[data-bulk-bar]");
  if (!bar) return;
  const all = form.querySelector("[data-pick-all]");
  const everybody = form.querySelector("[data-everybody]");
  const said = form.querySelector("[data-picked]");
  const boxes = () => [...form.querySelectorAll('input[name="id"]')];
  all.hidden = false;
  const settle = () => {
    const picked = boxes().filter((box) => box.checked).length;
    all.checked = picked > 0 && picked === boxes().length;
    all.indeterminate = picked > 0 && !all.checked;
    bar.hidden = !picked && !everybody.checked;
    said.textContent = everybody.checked ? "With everybody who fits:" : `With ${picked} chosen:`;
    for (const box of boxes()) box.disabled = everybody.checked;
    all.disabled = everybody.checked;
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    settle();
  });
  window.addEventListener("pageshow", settle);
  settle();
})();
