// Shortcuts, live hints, picked rows and drafts. Every page works without it.
(function () {
  "use strict";
  var OFF = "hub-shortcuts-off";
  var one = function (selector, inside) { return (inside || document).querySelector(selector); };
  var all = function (selector, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(selector)); };
  var inField = function (target) { return /^(TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable || (target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type)); };
  var rows = all("[data-row]");
  document.documentElement.classList.add("js");

  // Shortcuts, with their switch.
  var keysOn = one("[data-keys-on]");
  if (keysOn) {
    keysOn.checked = localStorage.getItem(OFF) === null;
    keysOn.addEventListener("change", function () { if (keysOn.checked) { localStorage.removeItem(OFF); } else { localStorage.setItem(OFF, "yes"); } });
  }
  function current() { return rows.find(function (row) { return row.contains(document.activeElement); }); }
  function move(step) {
    var next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(current()) + step))];
    if (!next) { return; }
    rows.forEach(function (row) { row.classList.toggle("is-current", row === next); });
    var link = one("a", next); if (link) { link.focus(); }
    next.scrollIntoView({ block: "nearest" });
  }
  function open(panel) {
    panel.open = true;
    var first = all("textarea, select, input:not([type=hidden]), button, details summary", panel).find(function (each) { return each.offsetParent !== null && each.parentElement !== panel; });
    if (first) { first.focus(); } else if (/^(BUTTON|A)$/.test(panel.tagName)) { panel.click(); }
  }
  function take(row) {
    var form = one("[data-take]");
    if (!form) { return; }
    form.action = "/cases/" + row.dataset.reference + "/take";
    one("[name=version]", form).value = row.dataset.version;
    one("[name=idempotency_key]", form).value += "-" + row.dataset.reference;
    form.submit();
  }
  var onRow = {
    x: function (row) { var tick = one(".tick", row); if (tick) { tick.checked = !tick.checked; picked(); } },
    t: take,
    a: function (row) { location.href = "/cases/" + row.dataset.reference + "#a"; },
    n: function (row) { location.href = "/cases/" + row.dataset.reference + "#n"; }
  };
  var anywhere = {
    "/": function () { var box = one("[data-shortcut='/']"); if (box) { box.focus(); } return box; },
    "?": function () { var box = one("[data-keys]"); if (box) { box.open = !box.open; one("summary", box).focus(); } return box; },
    "j": function () { move(1); return rows.length; },
    "k": function () { move(-1); return rows.length; },
    "r": function () { var news = one("[data-live]:not([hidden]), [data-newer]:not([hidden])"); if (news) { news.click(); } return news; },
    "D": function () { var act = one("[data-acknowledge]"); if (act) { act.focus(); } return act; }
  };
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey && event.key === "Enter" && picks().length) { one("#bulk-form").requestSubmit(); return; }
    if (event.key === "Escape") { escape(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || localStorage.getItem(OFF) !== null) { return; }
    var key = event.shiftKey ? event.key : event.key.toLowerCase();
    if (anywhere[key]) { if (anywhere[key]()) { event.preventDefault(); } return; }
    var within = current() && one("[data-row-key='" + CSS.escape(key) + "']", current());
    if (within) { event.preventDefault(); open(within); return; }
    if (current() && onRow[key] && current().dataset.reference) { event.preventDefault(); onRow[key](current()); return; }
    var panel = one("[data-key='" + CSS.escape(key) + "']");
    if (panel) { event.preventDefault(); open(panel); }
  });
  function escape() {
    var box = one("[data-keys][open]");
    if (box) { box.open = false; }
    var leave = one("[data-exit]");
    if (leave) { location.replace(leave.href); return; }
    if (picks().length) { one("#bulk-form").reset(); picked(); }
  }
  if (location.hash.length === 2) { var asked = one("[data-key='" + CSS.escape(location.hash.slice(1)) + "']"); if (asked) { open(asked); } }

  // Rows that are picked, and what can be done with them together.
  function picks() { return all(".tick[name=pick]:checked"); }
  function picked() {
    var bar = one("[data-bulk]"), count = picks().length;
    if (!bar) { return; }
    bar.classList.toggle("is-on", count > 0);
    one("[data-picked]").textContent = count + " selected";
    rows.forEach(function (row) { var tick = one(".tick", row); row.classList.toggle("is-picked", !!tick && tick.checked); });
  }
  document.addEventListener("change", function (event) { if (event.target.name === "pick") { picked(); } });
  document.addEventListener("reset", function () { setTimeout(picked); });
  all(".filters select").forEach(function (select) { select.addEventListener("change", function () { select.form.requestSubmit(); }); });

  // Live hints: a count to press, never a row that moves.
  var hint = one("[data-live]");
  if (hint && window.EventSource) {
    var stream = new EventSource("/events?since=" + encodeURIComponent(hint.dataset.live));
    stream.addEventListener("changed", function (event) {
      var news = JSON.parse(event.data), more = news.danger - Number(hint.dataset.danger);
      hint.hidden = news.changed === 0 && more <= 0;
      hint.classList.toggle("red", more > 0);
      one("[data-live-words]", hint).textContent = (more > 0 ? more + " more in danger now, " : "") + news.changed + " changed";
    });
  }
  var page = one("[data-case]"), begun = false;
  ["input", "click"].forEach(function (name) { document.addEventListener(name, function () { begun = true; }, true); });
  if (page && window.EventSource) {
    var watch = new EventSource("/events/" + page.dataset.case + "?sequence=" + page.dataset.sequence);
    watch.addEventListener("case", function (event) {
      var news = JSON.parse(event.data), words = one("[data-newer]");
      one("[data-others]").textContent = news.others ? " · " + news.others : "";
      words.hidden = news.newer === 0;
      // She saved, and the page says that it is catching up: it looks again, unless she has begun something else.
      if (news.newer && one("[data-behind]") && !begun) { location.reload(); }
      one("[data-newer-words]").textContent = news.newer + (news.newer === 1 ? " new entry" : " new entries") + (news.version !== Number(page.dataset.version) ? ", now version " + news.version : "");
    });
  }

  var meeting = one("[data-meeting]");
  if (meeting && window.EventSource) {
    var about = meeting.dataset, minutes = new EventSource("/events/meetings/" + about.meeting + "?version=" + about.version + "&items=" + encodeURIComponent(about.items));
    minutes.addEventListener("meeting", function (event) {
      var news = JSON.parse(event.data), parts = [];
      if (news.newer) { parts.push("Minuted since: now version " + news.version); }
      if (news.due) { parts.push(news.due + (news.due === 1 ? " more item is due" : " more items are due")); }
      if (news.signed) { parts.push("the minutes are signed off"); }
      one("[data-newer]").hidden = parts.length === 0;
      one("[data-newer-words]").textContent = parts.join(", ");
    });
  }

  // A page that somebody may want to keep.
  var print = one("[data-print]");
  if (print) { print.hidden = false; print.addEventListener("click", function () { window.print(); }); }

  // A note that is being written is kept after each pause.
  var draft = one("[data-draft]");
  if (draft) {
    var timer, said = one("[data-draft-said]");
    var say = function (words) { if (said) { said.textContent = words; } };
    draft.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(function () {
        fetch("/drafts/" + draft.dataset.draft, { method: "PUT", body: draft.value, headers: { "X-CSRF-Token": document.body.dataset.csrf } })
          .then(function (answer) { say(answer.ok ? "Draft kept" : "Draft not kept: " + answer.status); })
          .catch(function () { say("Draft not kept: no connection"); });
      }, 500);
    });
  }
}());
