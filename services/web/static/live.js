// Live updates: the server says which ticket changed, and the parts of the page that show the ticket are fetched again.
(() => {
  if (!document.body?.dataset.live && document.readyState !== "loading") return;
  let source = null;
  let wasListening = false;
  let queueTimer = null;
  const QUEUE_PAUSE_MS = 400;

  const page = () => document.querySelector("[data-ticket]")?.dataset.ticket;
  const tell = (name) => document.body.dispatchEvent(new CustomEvent(name));
  // Refresh the list once for many changes in a short time.
  const queueChanged = () => {
    queueTimer ??= setTimeout(() => { queueTimer = null; tell("balie:queue"); }, QUEUE_PAUSE_MS);
  };

  const changed = (event) => {
    queueChanged();
    if (String(JSON.parse(event.data).number) === page()) tell("balie:changed");
  };
  const listening = () => {
    document.documentElement.dataset.listening = "yes";
    // Connected again after an interruption: events may have been missed, so fetch everything.
    if (wasListening) {
      queueChanged();
      tell("balie:changed");
    }
    wasListening = true;
  };

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(document.body.dataset.live);
    source.addEventListener("listening", listening);
    source.addEventListener("ticket", changed);
  };
  // A browser opens at most six connections to a site: a hidden tab must not use one.
  const close = () => {
    source?.close();
    source = null;
    delete document.documentElement.dataset.listening;
  };

  const entries = () => [...document.querySelectorAll("#conversation [data-entry]")];
  let known = null;
  document.addEventListener("htmx:beforeSwap", () => { known = new Set(entries().map((entry) => entry.dataset.entry)); });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id === "composer") toEnd();
    const arrived = known ? entries().filter((entry) => !known.has(entry.dataset.entry)) : [];
    known = null;
    if (!arrived.length) return;
    arrived.forEach((entry) => entry.classList.add("fresh"));
    window.balie.announce(arrived.at(-1).dataset.said);
    toEnd();
  });

  // When a part of the page is refreshed in the background, keep what the visitor unfolded, and the focus.
  let unfolded = null;
  let focused = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const region = event.detail.target;
    unfolded = [...region.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
    const here = document.activeElement;
    focused = region.contains(here) && here.matches("a, summary") ? (here.getAttribute("href") ?? `#${here.parentElement.id}`) : null;
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const [id, open] of unfolded ?? []) {
      const details = document.getElementById(id);
      if (details) details.open = open;
    }
    if (focused) (document.querySelector(`.side a[href="${focused.replaceAll('"', "")}"]`) ?? document.querySelector(".side summary"))?.focus({ preventScroll: true });
    unfolded = focused = null;
  });

  const toEnd = () => {
    const scroll = document.querySelector("[data-scroll]");
    if (scroll) scroll.scrollTop = scroll.scrollHeight;
  };

  document.addEventListener("DOMContentLoaded", () => {
    toEnd();
    document.querySelector("[data-rows] [aria-current=page]")?.scrollIntoView({ block: "nearest" });
    if (!document.body.dataset.live || !("EventSource" in window)) return;
    open();
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
  });
})();
