/* Charts: <canvas data-chart="id of a json_script">. Colours come from the tokens, so both modes follow. */
(() => {
  "use strict";
  const drawn = new Map();
  const probe = (name) => {
    const span = document.createElement("span");
    span.hidden = true;
    span.className = `probe-${name}`;
    span.style.color = `var(${name})`;
    document.body.append(span);
    const colour = getComputedStyle(span).color;
    span.remove();
    return colour;
  };
  const SERIES = ["--part-delivered", "--part-on_its_way", "--part-retrying", "--part-bounced", "--part-skipped", "--part-needs_you"];
  const draw = (canvas) => {
    const source = document.getElementById(canvas.dataset.chart);
    if (!source || !window.Chart) return;
    drawn.get(canvas)?.destroy();
    const data = JSON.parse(source.textContent);
    const ink = probe("--ink-2"), line = probe("--line"), colours = SERIES.map(probe);
    const many = data.series.length > 1;
    drawn.set(canvas, new Chart(canvas, {
      type: data.type || "line",
      data: {
        labels: data.labels,
        datasets: data.series.map((series, i) => ({
          label: series.label, data: series.values, borderColor: colours[i % 6], backgroundColor: colours[i % 6],
          borderWidth: 2, pointRadius: data.labels.length > 40 ? 0 : 2, tension: 0, maxBarThickness: 28, borderDash: data.type === "bar" ? [] : [[], [6, 4], [2, 3], [8, 3, 2, 3]][i % 4],
        })),
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
        font: { family: "Source Sans 3" },
        plugins: { legend: { display: many, labels: { color: ink, boxWidth: 12 } } },
        scales: {
          x: { stacked: !!data.stacked, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 16 }, grid: { display: false }, border: { color: line } },
          y: { stacked: !!data.stacked, beginAtZero: true, ticks: { color: ink, precision: 0 }, grid: { color: line }, border: { display: false } },
        },
      },
    }));
  };
  const all = (root) => root.querySelectorAll("canvas[data-chart]").forEach(draw);
  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:afterSettle", (event) => all(event.target));
  document.addEventListener("theme", () => all(document));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(document));
})();
