// The call desk: jumps by Alt and a number, saves at a pause in typing, shows what triage hears. The form works without.
(function () {
  "use strict";
  var form = document.getElementById("call"), began = Date.now(), saved = "", savedAt = 0, saving = false, finishing = false, timer, listener;
  var one = function (selector) { return document.querySelector(selector); };
  var FIRST = 1500, AGAIN = 10000, LEAST = 20, UNHEARD = 2000, PATIENCE = 8000;
  var words = function () { return new URLSearchParams(new FormData(form)); };
  var content = function () { var all = words(); all.delete("revision"); return all.toString(); };

  document.addEventListener("keydown", function (event) {
    if (event.altKey && /^[1-8]$/.test(event.key)) {
      var place = one("[data-jump='" + event.key + "']");
      if (place) { event.preventDefault(); var chosen = place.type === "radio" ? one("[name=" + place.name + "]:checked") : null; (chosen || place).focus(); }
    } else if (event.ctrlKey && event.key === "Enter") { event.preventDefault(); form.requestSubmit(); } else if (event.target.type === "radio" && !event.altKey && !event.ctrlKey) {
      var choice = one("[name=" + event.target.name + "][data-letter='" + CSS.escape(event.key.toLowerCase()) + "']");
      if (choice) { event.preventDefault(); choice.checked = true; choice.focus(); changed(); }
    }
  });

  function text(parent, tag, value, kind) { var made = document.createElement(tag); made.textContent = value; if (kind) { made.className = kind; } parent.appendChild(made); }
  function enough() { return form.description.value.trim().length >= LEAST || (form.danger.value === "yes" && (form.description.value.trim() || form.category.value)); }

  function save() {
    if (saving || !enough() || content() === saved) { return; }
    var sent = content();
    saving = true;
    fetch("/call/save", { method: "POST", body: words(), signal: AbortSignal.timeout(PATIENCE) }).then(function (answer) { return answer.json().then(function (said) { return { ok: answer.ok, said: said }; }); })
      .then(function (found) {
        var box = one("[data-saved]");
        box.textContent = "";
        if (!found.ok) { text(box, "span", "Not saved: " + found.said.detail, "red"); return; }
        saved = sent; savedAt = Date.now();
        form.revision.value = found.said.revision + 1;
        text(box, "span", "Saved " + found.said.clock, "state state--ok");
        text(box, "span", " as " + found.said.reference + ", kept if the line drops", "muted");
      })
      .catch(function () { one("[data-saved]").textContent = "Not saved: no connection. Finish the call to try again."; })
      .finally(function () {
        saving = false;
        if (finishing) { finishing = false; form.requestSubmit(); } else if (content() !== saved) { later(); }
      });
  }
  function later() { clearTimeout(timer); timer = setTimeout(save, savedAt ? Math.max(FIRST, AGAIN - (Date.now() - savedAt)) : FIRST); }

  function listen() {
    if (!form.description.value.trim() && !form.category.value) { return; }
    fetch("/call/signals", { method: "POST", body: words() }).then(function (answer) { if (!answer.ok) { throw new Error("not heard"); } return answer.json(); }).then(show)
      .catch(function () { one("[data-sign-count]").textContent = "not heard just now, asking again"; clearTimeout(listener); listener = setTimeout(listen, UNHEARD); });
  }
  function show(heard) {
    var list = one("[data-signs]"), ask = one("[data-ask]");
    one("[data-say]").textContent = "\u201c" + heard.say + "\u201d";
    one("[data-first]").textContent = heard.first;
    one("[data-say-box]").classList.toggle("is-urgent", heard.urgent);
    one("[data-sign-count]").textContent = heard.signs.length + ", newest first";
    list.textContent = "";
    heard.signs.forEach(function (sign, place) {
      var item = document.createElement("li");
      item.className = sign.negated ? "is-not" : place === 0 ? "is-new" : "";
      text(item, sign.negated ? "span" : "b", sign.name);
      text(item, "span", "\u201c" + sign.words + "\u201d" + (sign.negated ? ", not a flag" : ""), "sig__w");
      list.appendChild(item);
    });
    if (heard.ask.length) { ask.textContent = ""; heard.ask.forEach(function (question) { text(ask, "li", question); }); }
  }
  function changed() { later(); clearTimeout(listener); listener = setTimeout(listen, 500); }
  form.addEventListener("input", changed);
  // A save that is under way ends first: were it the later of the two, its older words would stand.
  form.addEventListener("submit", function (event) {
    if (saving) { event.preventDefault(); finishing = true; return; }
    if (saved && content() === saved) { event.preventDefault(); location.href = "/call"; }
  });
  setInterval(function () { var seconds = Math.floor((Date.now() - began) / 1000); one("[data-clock]").textContent = (seconds >= 60 ? Math.floor(seconds / 60) + " min " : "") + seconds % 60 + " s"; }, 1000);
}());
