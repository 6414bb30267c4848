// Updates times while a page is open: how far away an instant is, and the time left of a promise. Fetches nothing.
(() => {
  const EVERY_MS = 15_000;
  const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  const ROUND_UP = 0.85;

  const far = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const words = () => window.balie.words();

  // The same rule as on the server: the largest unit that is nearly reached.
  const away = (instant) => {
    const seconds = (Date.parse(instant) - Date.now()) / 1000;
    const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length * ROUND_UP) ?? ["second", 1];
    return far.format(Math.trunc(Math.sign(seconds) * Math.max(1, Math.round(Math.abs(seconds) / size))), unit);
  };

  const length = (seconds) => {
    const minutes = Math.round(seconds / 60);
    const parts = [[Math.floor(minutes / 60), words().hours], [minutes % 60, words().minutes]].filter(([count]) => count);
    return parts.length ? parts.map(([count, unit]) => `${count} ${unit}`).join(" ") : `0 ${words().minutes}`;
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      const text = away(element.dataset.until);
      if (element.textContent !== text) element.textContent = text;
    }
    for (const element of document.querySelectorAll("[data-left]")) {
      // Count from when the element was put on the page: that is about when the server calculated the time left.
      element.dataset.since ??= String(Date.now());
      const left = Number(element.dataset.left) - (Date.now() - Number(element.dataset.since)) / 1000;
      // Stop at 0: the server says that a promise is breached, once the ticket's clock has met the deadline.
      element.querySelector("[data-time]").textContent = length(Math.max(left, 0));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    tick();
    setInterval(tick, EVERY_MS);
  });
  document.addEventListener("htmx:afterSettle", tick);
})();
