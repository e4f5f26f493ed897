// The review by keyboard: choose an answer, step through the lit words, see what a change would do. Works without it.
(function () {
  "use strict";
  var OFF = "hub-shortcuts-off";
  var one = function (selector, inside) { return (inside || document).querySelector(selector); };
  var all = function (selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); };
  var inField = function (target) { return /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === "INPUT" && !/^(checkbox|radio)$/.test(target.type)); };
  var form = one("[data-review]"), look = one("[data-look]");
  var lit = all("[data-lit]"), step = -1;

  function chosen() { return one("[name=action]:checked", form); }
  function words(select) { return select && select.value ? select.options[select.selectedIndex].textContent : ""; }
  function shown() {
    if (!form) { return; }
    var action = chosen() ? chosen().value : "", theme = one("#theme"), other = one(action === "split" ? "#second" : "#also");
    var named = action === "change" || action === "split";
    var cells = {
      theme: named ? [words(theme), words(other)].filter(Boolean).join(action === "split" ? "; and on its own: " : ", also ") : "",
      lead: named && theme.value ? theme.options[theme.selectedIndex].dataset.lead : action === "not-ours" ? words(one("#destination")) : action === "merge" ? one("#case").value : ""
    };
    all("[data-change]").forEach(function (cell) { cell.textContent = cells[cell.dataset.change] || "\u2013"; });
    one("#reason").required = action !== "confirm";
    theme.required = named;
    one("#second").required = action === "split";
    one("#case").required = action === "merge";
    one("#destination").required = action === "not-ours";
  }
  if (form) { form.addEventListener("change", shown); form.addEventListener("input", shown); shown(); }

  function go(key) { var link = one("[data-go='" + key + "']"); if (link) { location.href = link.href; } return link; }
  function pick(number) {
    var radio = all("[data-review] [name=action], [data-look] [name=answer]")[number - 1];
    if (radio) { radio.checked = true; radio.focus(); shown(); }
    return radio;
  }
  var keys = {
    "j": function () { return go("j"); },
    "k": function () { return go("k"); },
    "l": function () { return go("l"); },
    "e": function () { if (form && !/^(change|split)$/.test(chosen().value)) { pick(2); } if (look) { pick(2); } var theme = one("#theme, #should"); if (theme) { theme.focus(); } return theme; },
    "y": function () { var why = one("#reason, #sample-reason"); if (why) { why.focus(); } return why; },
    "u": function () { var undo = one("[data-undo]"); if (undo) { undo.click(); } return undo; },
    "w": function () { if (lit.length) { step = (step + 1) % lit.length; lit[step].focus(); } return lit.length; }
  };
  document.addEventListener("keydown", function (event) {
    if ((form || look) && event.ctrlKey && event.key === "Enter") { event.preventDefault(); (form || look).requestSubmit(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || localStorage.getItem(OFF) !== null) { return; }
    var done = /^[1-5]$/.test(event.key) ? pick(Number(event.key)) : keys[event.key] && keys[event.key]();
    if (done) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
}());
