// Keys for what is done often: / to search, g and a letter to go, j and k along the rows, ? for this list.
// They can be turned off (WCAG 2.1.4), and nothing can be done by key alone.

const off = "mainstay-keys-off";
const places = { t: "/", x: "/exchange", d: "/depend", e: "/expose", a: "/act", s: "/assure" };

/** @param {Document} page */
export function listenToKeys(page) {
  const dialog = /** @type {HTMLDialogElement | null} */ (page.querySelector("dialog.keys"));
  const toggle = /** @type {HTMLInputElement | null} */ (dialog?.querySelector("input[type=checkbox]"));
  if (!dialog || !toggle) return;
  toggle.checked = localStorage.getItem(off) === null;
  toggle.addEventListener("change", () => (toggle.checked ? localStorage.removeItem(off) : localStorage.setItem(off, "1")));
  for (const button of page.querySelectorAll("[data-keys]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", () => dialog.showModal());
  }

  let going = 0;
  page.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || isField(event.target) || localStorage.getItem(off) !== null) return;
    if (going && Date.now() - going < 1500 && places[event.key]) {
      location.assign(places[event.key]);
    } else if (event.key === "/") {
      event.preventDefault();
      page.querySelector(".find input")?.focus();
    } else if (event.key === "?") {
      dialog.showModal();
    } else if (event.key === "j" || event.key === "k") {
      step(page, event.key === "j" ? 1 : -1);
    }
    going = event.key === "g" ? Date.now() : 0;
  });
}

function isField(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Moves the focus to the first link of the next row. */
function step(page, by) {
  const rows = [...page.querySelectorAll("tbody tr, .five > li")].filter((row) => row.querySelector("a"));
  const here = rows.findIndex((row) => row.contains(page.activeElement));
  const next = rows[here === -1 ? (by > 0 ? 0 : rows.length - 1) : here + by];
  next?.querySelector("a")?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
