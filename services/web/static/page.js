// The script of every page: theme, file lists, sending each form once, and messages about errors.
(() => {
  const html = document.documentElement;
  html.classList.add("scripts");

  const words = () => JSON.parse(document.body.dataset.words);

  const announce = (sentence) => {
    const announcer = document.getElementById("announcer");
    announcer.textContent = "";
    // Screen readers announce changes only: empty the element first, so that a repeated sentence is announced too.
    requestAnimationFrame(() => { announcer.textContent = sentence; });
  };

  const warn = (sentence, link) => {
    const alerts = document.getElementById("alerts");
    const notice = document.createElement("div");
    notice.className = "notice notice-wrong";
    const text = document.createElement("p");
    text.textContent = sentence;
    if (link) {
      const anchor = Object.assign(document.createElement("a"), { href: link.href, textContent: link.text, target: "_blank", rel: "noopener" });
      text.append(" ", anchor);
    }
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    close.addEventListener("click", () => notice.remove());
    notice.append(text, close);
    alerts.replaceChildren(notice);
  };

  window.balie = { words, announce, warn };

  const chooseTheme = (event) => {
    const button = event.submitter;
    event.preventDefault();
    html.dataset.theme = button.value;
    for (const other of event.target.querySelectorAll("button")) other.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    const body = new URLSearchParams(new FormData(event.target, button));
    fetch(event.target.action, { method: "POST", body, redirect: "manual" }).catch(() => warn(words().unreachable));
  };

  const listFiles = (input) => {
    const box = input.closest("[data-files]");
    const limits = { count: Number(box.dataset.filesMax), each: Number(box.dataset.fileBytesMax), all: Number(box.dataset.formBytesMax) };
    const kept = new DataTransfer();
    const refused = [];
    let total = 0;
    for (const file of input.files) {
      total += file.size;
      if (file.size > limits.each || total > limits.all) {
        total -= file.size;
        refused.push(words().too_large.replace("{name}", file.name));
      } else if (kept.files.length >= limits.count) refused.push(words().too_many);
      else kept.items.add(file);
    }
    if (refused.length) input.files = kept.files;
    const line = (text, kind) => Object.assign(document.createElement("li"), { textContent: text, className: kind });
    box.querySelector(".chosen").replaceChildren(
      ...[...kept.files].map((file) => line(file.name, "")), ...[...new Set(refused)].map((text) => line(text, "wrong")));
  };

  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-theme-choice]")) return chooseTheme(event);
    // For a form sent by the browser itself: a second click must not send it again. htmx prevents this for its forms.
    if (event.target.matches("[data-once]") && !event.target.hasAttribute("hx-post")) {
      setTimeout(() => event.target.querySelectorAll("[data-send]").forEach((button) => { button.disabled = true; }));
    }
  });
  // When the browser shows the page from its cache after "back", the form can be sent again.
  addEventListener("pageshow", () => document.querySelectorAll("[data-send]").forEach((button) => { button.disabled = false; }));

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-files] input[type=file]")) listFiles(event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form?.querySelector("[data-send]")) {
      event.preventDefault();
      event.target.form.requestSubmit(event.target.form.querySelector("[data-send]"));
    }
    const menu = document.querySelector(".menu[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    const insert = event.target.closest("[data-insert]");
    if (insert) insertText(insert.dataset.insert);
  });

  const insertText = (text) => {
    const area = document.getElementById("text");
    if (!area) return;
    const lead = area.value && !area.value.endsWith("\n") ? "\n" : "";
    area.setRangeText(lead + text + "\n", area.selectionEnd, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };

  // Warn about a form that could not be sent, but not about a failed background refresh: the next one corrects it.
  const failed = (event) => {
    if (event.detail.requestConfig?.verb === "get") return;
    const answer = event.detail.xhr;
    const session = { href: "/login?next=" + encodeURIComponent(location.pathname), text: words().log_in };
    if (answer?.status === 401) warn(words().session, session);
    else if (answer?.getResponseHeader("Content-Type")?.startsWith("text/plain")) warn(answer.responseText);
    else warn(words().unreachable);
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);

  document.addEventListener("htmx:afterSwap", (event) => {
    const announced = event.detail.target.isConnected ? event.detail.target : document.getElementById(event.detail.target.id);
    if (announced?.dataset.announce) announce(announced.dataset.announce);
  });
})();
