// Follows changes without reloading: the server sends the parts of the page that changed, as they are
// in the page. What a person has chosen, opened or focused stays as it is. Without this file the page
// works, and reloads itself as `stats refresh` says.
"use strict";
(() => {
  const body = document.body;
  const source = body.dataset.live;
  const refresh = Number(body.dataset.refresh);
  let seen = body.dataset.version;
  let offset = Number(body.dataset.now) - performance.now() / 1000;
  let stream = null;
  let poll = 0;
  let paused = false;

  const byId = (id) => document.getElementById(id);
  const words = (s) => {
    if (s < 60) return `${s} s`;
    if (s < 600 && s % 60) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  };
  const put = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  // Ages go on by themselves; times are the reader's own.
  const tellTimes = () => {
    const now = Math.floor(performance.now() / 1000 + offset);
    for (const age of document.getElementsByClassName("age"))
      put(age, words(Math.max(0, now - Number(age.dataset.t))));
    for (const time of document.getElementsByTagName("time")) {
      const at = new Date(time.dateTime);
      put(time, at.toLocaleTimeString());
      time.title = at.toLocaleString();
    }
  };

  // Makes `old` what `fresh` is, node by node, so that focus, choices and open details stay.
  const kept = new Set(["open", "checked", "value", "hidden"]);
  const morph = (old, fresh) => {
    for (const { name, value } of fresh.attributes)
      if (!kept.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!kept.has(name) && name !== "title" && !fresh.hasAttribute(name)) old.removeAttribute(name);
    if (old.className.baseVal === undefined && old.matches("input, select, textarea, .age, time")) return;
    const before = [...old.childNodes];
    const after = [...fresh.childNodes];
    after.forEach((node, i) => {
      const mine = before[i];
      if (!mine) old.append(node);
      else if (mine.nodeType !== node.nodeType || mine.nodeName !== node.nodeName || (node.id && mine.id !== node.id))
        mine.replaceWith(node);
      else if (node.nodeType === Node.ELEMENT_NODE) morph(mine, node);
      else if (mine.data !== node.data) mine.data = node.data;
    });
    for (const left of before.slice(after.length)) left.remove();
  };

  // What a screen reader says of a change: the whole in one sentence, and a new failover.
  const news = () => `${byId("verdict")?.textContent ?? ""}. ${byId("failovers")?.querySelector(".what")?.textContent ?? ""}`;
  let told = news();
  const tellNews = () => {
    const text = news();
    if (text === told) return;
    told = text;
    put(byId("news"), text);
  };

  const flash = (row, state) => {
    const cell = row.querySelector("td.state");
    if (!cell || cell.className === state) return;
    cell.classList.remove("fresh");
    void cell.offsetWidth;
    cell.classList.add("fresh");
  };
  const take = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.firstElementChild;
    const old = fresh && byId(fresh.id);
    if (!old) return;
    const state = fresh.querySelector?.("td.state")?.className;
    const changed = old.querySelector?.("td.state") && old.querySelector("td.state").className.replace(" fresh", "") !== state;
    morph(old, fresh);
    if (changed) flash(old, "");
  };
  const settle = () => {
    tellTimes();
    tellNews();
  };

  // The whole page anew: servers came or went, or changes are not followed.
  const load = async () => {
    try {
      const answer = await fetch(location.href.replace(/;st=[A-Z]+/, "").replace(/#.*/, ""));
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      seen = fresh.body.dataset.version;
      offset = Number(fresh.body.dataset.now) - performance.now() / 1000;
      for (const id of ["main", "facts"]) {
        const part = fresh.getElementById(id);
        if (!part) continue;
        const result = id === "main" && byId("main").querySelector(".result");
        if (result && !part.querySelector(".result")) part.prepend(result.cloneNode(true));
        morph(byId(id), part);
      }
      settle();
      return true;
    } catch {
      return false;
    }
  };

  const say = (text) => put(byId("live"), text);
  const every = (seconds) => {
    clearInterval(poll);
    poll = setInterval(async () => {
      say((await load()) ? `reloads every ${seconds} s` : "no answer; trying again");
    }, seconds * 1000);
    say(`reloads every ${seconds} s`);
  };
  const stop = () => {
    clearInterval(poll);
    stream?.close();
    stream = null;
  };
  const listen = () => {
    stream = new EventSource(`${source}${source.includes("?") ? "&" : ";"}seen=${seen}`);
    stream.addEventListener("open", () => say("follows changes"));
    stream.addEventListener("parts", (event) => {
      const [now, ...parts] = event.data.split("\n");
      seen = event.lastEventId;
      offset = Number(now) - performance.now() / 1000;
      parts.forEach(take);
      settle();
    });
    stream.addEventListener("shape", load);
    stream.addEventListener("error", () => {
      if (stream?.readyState !== EventSource.CLOSED) return say("no answer; trying again");
      stop();
      every(refresh || 5);
    });
  };
  const start = () => {
    if (paused || document.hidden) return;
    if (source) listen();
    else if (refresh) every(refresh);
  };

  const bar = document.querySelector("p.live");
  if (bar && (source || refresh)) {
    const button = document.createElement("button");
    button.type = "button";
    button.id = "pause";
    put(button, "Pause");
    button.addEventListener("click", () => {
      paused = !paused;
      put(button, paused ? "Go on" : "Pause");
      stop();
      if (paused) say("paused");
      else start();
    });
    bar.append(button);
    bar.hidden = false;
  }
  // Nobody looks: nobody needs to be told.
  document.addEventListener("visibilitychange", () => {
    stop();
    start();
  });
  addEventListener("pagehide", stop);
  setInterval(tellTimes, 1000);
  tellTimes();
  start();
})();
