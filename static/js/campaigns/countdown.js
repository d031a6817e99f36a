// Counts down to a moment: <span data-counts-down="2026-11-24T09:00:00Z">. htmx may swap it at any time.
(() => {
  const two = (number) => String(number).padStart(2, "0");
  const words = (seconds) => {
    if (seconds <= 0) return "a moment";
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor(seconds / 3600) % 24;
    const minutes = Math.floor(seconds / 60) % 60;
    if (days > 1) return `${days} days`;
    if (days || hours) return `${days * 24 + hours}:${two(minutes)}:${two(seconds % 60)} h`;
    return `${minutes}:${two(seconds % 60)} min`;
  };
  const tick = () => {
    for (const place of document.querySelectorAll("[data-counts-down]")) {
      place.textContent = words(Math.ceil((Date.parse(place.dataset.countsDown) - Date.now()) / 1000));
    }
  };
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);
})();
