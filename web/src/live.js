// A form that answers while one types: it asks for its own page and puts the named parts of the answer in place of those that stand.
export function answerLive(root) {
  for (const form of root.querySelectorAll("form[data-live]")) {
    let timer = 0;
    let asked = 0;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const turn = ++asked;
        const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
        const response = await fetch(address, { credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        // an answer that was overtaken says nothing
        if (turn !== asked || !response.ok) return;
        for (const part of document.querySelectorAll(form.dataset.live)) {
          const fresh = page.getElementById(part.id);
          if (fresh) part.replaceWith(fresh);
        }
        history.replaceState(null, "", address);
      }, 300);
    });
  }
}
