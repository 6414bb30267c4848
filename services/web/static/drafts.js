// Drafts: keeps what somebody types in this browser until it is sent, with the form's idempotency key, so that sending
// it twice counts once.
(() => {
  const KEPT_DAYS = 14;
  const FIELDS = ["text", "subject", "name", "email", "mode"];
  const person = () => document.body.dataset.person ?? "nobody";
  const place = (form) => `balie:draft:${person()}:${location.pathname}:${form.dataset.draft}`;

  const store = (name, value) => {
    try {
      if (value) localStorage.setItem(name, JSON.stringify(value));
      else localStorage.removeItem(name);
    } catch {
      // No space or no permission: the form also works without drafts.
    }
  };
  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  };
  const drafts = () => Object.keys(localStorage).filter((name) => name.startsWith("balie:draft:"));

  // A button that sends the form in another mode is no field of it.
  const field = (form, name) => (form.elements[name]?.type === "submit" ? undefined : form.elements[name]);
  const fields = (form) => FIELDS.map((name) => field(form, name)).filter(Boolean);
  const hasWords = (draft) => Boolean(draft.values.text?.trim() || draft.values.subject?.trim());

  const keep = (form) => {
    const values = Object.fromEntries(FIELDS.filter((name) => field(form, name)).map((name) => [name, field(form, name).value]));
    const draft = { values, key: form.elements.key.value, at: Date.now() };
    store(place(form), hasWords(draft) ? draft : null);
  };

  const restore = (form) => {
    const draft = read(place(form));
    // If the server filled in the text (a form shown again with errors), that is newer than any draft.
    if (!draft || form.elements.text.value) return;
    for (const field of fields(form)) {
      const name = field.name ?? "mode";
      if (draft.values[name] !== undefined && (name === "mode" || !field.value)) field.value = draft.values[name];
    }
    form.elements.key.value = draft.key;
    window.balie.announce(window.balie.words().draft);
    form.elements.subject?.dispatchEvent(new Event("balie:restored"));
  };

  const forget = (key) => {
    for (const name of drafts()) if (read(name)?.key === key) store(name, null);
  };

  const tidy = () => {
    for (const name of drafts()) if (!(Date.now() - (read(name)?.at ?? 0) < KEPT_DAYS * 86_400_000)) store(name, null);
  };

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-draft]")) keep(form);
  });
  document.addEventListener("balie:sent", (event) => {
    forget(event.detail.key);
    window.balie.announce(event.detail.told);
  });
  document.addEventListener("DOMContentLoaded", () => {
    if (document.body.dataset.toldKey) forget(document.body.dataset.toldKey);
    tidy();
    document.querySelectorAll("form[data-draft]").forEach(restore);
  });
})();
