// Keyboard shortcuts of the desk. They do nothing while somebody types, or together with Ctrl, Alt or Meta.
(() => {
  const GO_MS = 1200;
  let going = 0;

  const typing = (element) => element.matches("input:not([type=radio], [type=checkbox], [type=file]), textarea, select, [contenteditable]");
  const goTo = (key) => { if (Date.now() - going < GO_MS) document.querySelector(`[data-key=${key}]`)?.click(); };
  const rows = () => [...document.querySelectorAll("[data-rows] > li > a")].filter((row) => row.offsetParent);

  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    const focused = all.indexOf(document.activeElement);
    const here = focused >= 0 ? focused : all.findIndex((row) => row.getAttribute("aria-current"));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    all[next].focus();
  };
  const compose = (radio) => {
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("text").focus();
  };
  // Close an action's form, and put the focus back on the link that opened it.
  const leave = (doing) => {
    const opener = document.querySelector(`[data-do="${doing.dataset.doing}"]`);
    const empty = Object.assign(document.createElement("section"), { id: "doing" });
    doing.replaceWith(empty);
    (opener ?? document.querySelector("[data-scroll]"))?.focus();
  };
  const shortcuts = () => document.getElementById("shortcuts")?.showModal();

  const KEYS = {
    j: () => go(1),
    k: () => go(-1),
    i: () => document.querySelector("[data-mine]")?.click(),
    "/": () => [...document.querySelectorAll("[data-search]")].find((field) => field.offsetParent)?.focus(),
    "?": shortcuts,
    g: () => { going = Date.now(); },
    q: () => goTo("q"),
    b: () => goTo("b"),
    d: () => document.querySelector("[data-sort]")?.click(),
    x: (event) => window.balie.select?.(document.activeElement.closest("[data-number]"), event.shiftKey),
  };

  document.addEventListener("keydown", (event) => {
    if (!document.body.classList.contains("desk") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    const doing = document.querySelector("[data-doing]");
    if (event.key === "Escape" && doing) return leave(doing);
    // Shift+x gives X.
    const key = event.key === "X" ? "x" : event.key;
    if (typing(event.target)) return;
    // The keys of moves are said by the page: a way to send a message, or a link to an action's form.
    const move = [...document.querySelectorAll("[data-shortcut]")].find((each) => each.dataset.shortcut === key);
    if (!move && !(key in KEYS)) return;
    event.preventDefault();
    if (!move) KEYS[key](event);
    else if (move.matches("[data-mode]")) compose(move);
    else move.click();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shortcuts]")) shortcuts();
    const doing = event.target.closest("[data-leave]")?.closest("[data-doing]");
    if (doing && document.querySelector("[data-scroll]")) {
      event.preventDefault();
      leave(doing);
    }
  });

  // When the form of an action was fetched, put the focus on its first field.
  document.addEventListener("htmx:afterSettle", (event) => {
    const doing = event.detail.elt.closest?.("[data-doing]");
    if (!doing) return;
    doing.scrollIntoView({ block: "nearest" });
    if (doing.contains(document.activeElement)) return;
    const first = doing.querySelector("[aria-invalid], textarea, input:not([type=hidden]), select, button:not([tabindex='-1'])");
    (first?.type === "radio" && doing.querySelector("input:checked") || first)?.focus();
  });

  // After a message was sent, take the focus out of the text field, so that shortcuts work again.
  document.addEventListener("balie:sent", () => {
    if (document.body.classList.contains("desk")) document.querySelector("[data-scroll]")?.focus();
  });

  // A refreshed list beside a ticket does not mark the ticket that is open: mark it here.
  document.addEventListener("htmx:afterSettle", () => {
    const open = document.querySelector("[data-ticket]")?.dataset.ticket;
    if (open) document.querySelector(`[data-number="${open}"] > a`)?.setAttribute("aria-current", "page");
  });
})();
