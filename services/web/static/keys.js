// The desk from the keyboard. Keys do nothing while somebody types, nor together with Ctrl, Alt or Meta.
(() => {
  const GO_MS = 1200;
  let going = 0;

  const typing = (element) => element.matches("input:not([type=radio], [type=checkbox], [type=file]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-rows] > li > a")].filter((row) => row.offsetParent);

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const focused = all.indexOf(document.activeElement);
    const here = focused >= 0 ? focused : all.findIndex((row) => row.getAttribute("aria-current"));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    all[next].focus();
  };
  const compose = (mode) => {
    const radio = document.querySelector(`[data-mode="${mode}"]`);
    if (!radio) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("text").focus();
  };
  const shortcuts = () => document.getElementById("shortcuts")?.showModal();

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    r: () => compose("reply"),
    a: () => compose("ask"),
    s: () => compose("solve"),
    n: () => compose("note"),
    i: () => document.querySelector("[data-mine]")?.click(),
    "/": () => [...document.querySelectorAll("[data-search]")].find((field) => field.offsetParent)?.focus(),
    "?": shortcuts,
    g: () => { going = Date.now(); },
    q: () => { if (Date.now() - going < GO_MS) document.querySelector("[data-key=q]")?.click(); },
  };

  document.addEventListener("keydown", (event) => {
    if (!document.body.classList.contains("desk") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (typing(event.target) || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shortcuts]")) shortcuts();
  });

  // Sent: the keys work again, until somebody chooses to write more.
  document.addEventListener("balie:sent", () => {
    if (document.body.classList.contains("desk")) document.querySelector("[data-scroll]")?.focus();
  });

  // A refreshed list beside a ticket knows nothing of the ticket that is open.
  document.addEventListener("htmx:afterSettle", () => {
    const open = document.querySelector("[data-ticket]")?.dataset.ticket;
    if (open) document.querySelector(`[data-number="${open}"] > a`)?.setAttribute("aria-current", "page");
  });
})();
