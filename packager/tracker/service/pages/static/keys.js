"use strict";
// Keys for what the pages can do without this script, too: see the list "Keys" at their end.
(() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const one = (what) => document.querySelector(what);
  const links = () => all(".issue .go, .members a");
  const focused = () => document.activeElement?.closest?.(".issue");

  const move = (step) => {
    const found = links();
    const place = found.indexOf(document.activeElement?.closest?.(".issue")?.querySelector(".go") ?? document.activeElement);
    const next = found[place < 0 ? (step > 0 ? 0 : found.length - 1) : Math.min(Math.max(place + step, 0), found.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const unfold = (id) => {
    const part = document.getElementById(id);
    if (part?.tagName !== "DETAILS" || !part.closest(".acts")) return false;
    for (const other of all(".acts details[open]")) other.open = other === part;
    part.open = true;
    part.scrollIntoView({ block: "nearest" });
    part.querySelector("input:not([type=hidden]), select, button")?.focus();
    return true;
  };
  // On the list an action is about the focused issue.
  const send = (action) => {
    const row = focused();
    const form = one("form#quick");
    if (!row || !form) return;
    form.action = `/issues/${row.dataset.issue}`;
    form.elements.action.value = action;
    form.submit();
  };
  const open = (part) => {
    const row = focused();
    if (row) location.assign(`/issues/${row.dataset.issue}#${part}`);
  };
  const press = (key, action) => {
    const button = one(`button[data-key=${key}]`);
    if (button) button.click();
    else send(action);
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    u: () => one("[rel=up]")?.click(),
    a: () => press("a", "acknowledge"),
    m: () => press("m", "assign_me"),
    r: () => unfold("resolve") || open("resolve"),
    s: () => unfold("snooze") || open("snooze"),
    i: () => unfold("ignore") || open("ignore"),
    "/": () => one("input[name=q]")?.select(),
    "?": () => {
      const list = one("#keys");
      if (!list) return;
      list.open = !list.open;
      if (list.open) list.querySelector("summary").focus();
    },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const inField = event.target.closest?.("input, textarea, select");
    if (event.key === "Escape" && inField) { inField.blur(); return; }
    if (inField && !["radio", "checkbox"].includes(inField.type)) return;
    const run = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (!run || event.repeat && !"jk".includes(event.key)) return;
    event.preventDefault();
    run();
  });
  const fromAddress = () => unfold(location.hash.slice(1));
  addEventListener("hashchange", fromAddress);
  // Later than the browser's own jump to the part, which takes the focus away.
  addEventListener("load", () => setTimeout(fromAddress));
})();
