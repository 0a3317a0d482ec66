"use strict";
// New lines appear by themselves. Without this file the page is read anew by its links.
(() => {
  const status = document.getElementById("journal-live");
  const pause = document.getElementById("journal-pause");
  if (!status || !pause || !window.EventSource) return;
  const rows = document.getElementById(status.dataset.rows);
  const most = 500; // lines; a page that is left open must not grow for ever
  let source = null;
  let last = status.dataset.since;

  const say = (text, isOn) => {
    status.textContent = text;
    status.classList.toggle("is-on", isOn);
  };

  const show = (event) => {
    last = event.lastEventId || last;
    const entry = JSON.parse(event.data);
    if (rows.querySelector(`[data-entry="${CSS.escape(entry.id)}"]`)) return;
    document.getElementById("journal-empty")?.remove();
    rows.insertAdjacentHTML("afterbegin", entry.html);
    rows.firstElementChild.classList.add("journal-new");
    while (rows.children.length > most) rows.lastElementChild.remove();
  };

  const start = () => {
    source = new EventSource(`${status.dataset.stream}&since=${encodeURIComponent(last)}`);
    source.addEventListener("open", () => say(status.dataset.on, true));
    source.addEventListener("entry", show);
    // The server ends each stream after a while; the browser comes back by itself, and only then it is worth a word.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) say(status.dataset.lost, false);
    });
    pause.textContent = pause.dataset.pause;
  };

  const stop = () => {
    source.close();
    source = null;
    say(status.dataset.off, false);
    pause.textContent = pause.dataset.resume;
  };

  pause.addEventListener("click", () => (source ? stop() : start()));
  status.hidden = pause.hidden = false;
  document.getElementById("journal-refresh")?.remove();
  document.querySelector(".journal-by-itself")?.remove();
  if (!document.querySelector('meta[http-equiv="refresh"]')) start();
  else status.hidden = pause.hidden = true;
})();
