// Shortcuts, live hints and drafts. Every page works without it.
(function () {
  "use strict";
  var inField = function (target) { return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable; };

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) { return; }
    var key = event.key.toLowerCase();
    if (key === "/") { var box = document.querySelector("[data-shortcut='/']"); if (box) { event.preventDefault(); box.focus(); } return; }
    if (key === "j" || key === "k") { move(key === "j" ? 1 : -1); event.preventDefault(); return; }
    if (key === "r") { location.reload(); return; }
    if (key === "d" && event.shiftKey) { var act = document.querySelector("[data-acknowledge]"); if (act) { act.focus(); } return; }
    var panel = document.querySelector("[data-key='" + key + "']");
    if (panel) { event.preventDefault(); panel.open = true; var first = panel.querySelector("textarea, select, input:not([type=hidden]), button"); if (first) { first.focus(); } }
  });

  var rows = Array.prototype.slice.call(document.querySelectorAll("[data-row]"));
  function move(step) {
    var at = rows.findIndex(function (row) { return row.contains(document.activeElement); });
    var next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    if (next) { next.querySelector("a").focus(); next.scrollIntoView({ block: "nearest" }); }
  }

  var hint = document.querySelector("[data-live]");
  if (hint && window.EventSource) {
    var stream = new EventSource("/events?since=" + encodeURIComponent(hint.dataset.live));
    stream.addEventListener("changed", function (event) {
      var changed = JSON.parse(event.data).changed;
      hint.hidden = changed === 0;
      hint.querySelector("b").textContent = changed;
    });
  }

  var draft = document.querySelector("[data-draft]");
  if (draft) {
    var timer, said = document.querySelector("[data-draft-said]");
    draft.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(function () {
        fetch("/drafts/" + draft.dataset.draft, { method: "PUT", body: draft.value, headers: { "X-CSRF-Token": document.body.dataset.csrf } })
          .then(function (answer) { if (said) { said.textContent = answer.ok ? "Draft kept" : "Draft not kept: " + answer.status; } })
          .catch(function () { if (said) { said.textContent = "Draft not kept: no connection"; } });
      }, 500);
    });
  }
}());
