// Selecting several tickets in a list: by mouse, with Shift for a range, or with x for the ticket that has the focus.
(() => {
  const chosen = new Set();
  let last = null;

  const picks = () => [...document.querySelectorAll("[data-pick]")];
  const bar = () => document.getElementById("bulk");

  const show = () => {
    if (!bar()) return;
    const all = document.querySelector("[data-pick-all]").checked;
    const count = picks().filter((pick) => pick.checked).length;
    const said = count && !all ? window.balie.words().selected.replace("{count}", count) : "";
    if (document.getElementById("selected").textContent !== said) document.getElementById("selected").textContent = said;
    bar().classList.toggle("is-used", Boolean(count) || all);
  };
  const set = (pick, on) => {
    pick.checked = on;
    if (on) chosen.add(pick.value);
    else chosen.delete(pick.value);
  };
  const choose = (pick, on, range) => {
    const all = picks();
    const [from, to] = [all.findIndex((each) => each.value === last), all.indexOf(pick)];
    const stretch = range && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [pick];
    stretch.forEach((each) => set(each, on));
    last = pick.value;
    show();
  };

  window.balie.select = (row, range) => {
    const pick = row?.querySelector("[data-pick]");
    if (pick) choose(pick, range || !pick.checked, range);
  };
  document.addEventListener("click", (event) => {
    if (event.target.matches("[data-pick]")) choose(event.target, event.target.checked, event.shiftKey);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) show();
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  // When the list was fetched again, tickets that were selected and are still in it stay selected.
  document.addEventListener("htmx:afterSettle", () => {
    picks().forEach((pick) => { if (chosen.has(pick.value)) pick.checked = true; });
    show();
  });
  addEventListener("pageshow", () => {
    picks().forEach((pick) => { if (pick.checked) chosen.add(pick.value); });
    show();
  });
})();
