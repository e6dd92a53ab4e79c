(function () {
  "use strict";
  var filter = document.getElementById("filter");
  var text = document.getElementById("filter-text");
  var shown = document.getElementById("filter-count");
  var boxes = Array.prototype.slice.call(filter.querySelectorAll("input[type=checkbox]"));
  var results = Array.prototype.slice.call(document.querySelectorAll(".result"));
  function apply() {
    var wanted = {};
    var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    boxes.forEach(function (box) { wanted[box.value] = box.checked; });
    var count = 0;
    results.forEach(function (result) {
      var told = result.firstElementChild.textContent.toLowerCase() + " " + (result.dataset.also || "").toLowerCase();
      var hit = wanted[result.dataset.verdict] && words.every(function (word) { return told.indexOf(word) >= 0; });
      result.hidden = !hit;
      count += hit ? 1 : 0;
    });
    shown.textContent = count + " / " + results.length;
  }
  function reveal() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.hidden = false; target.open = true; target.scrollIntoView(); }
  }
  filter.hidden = false;
  filter.addEventListener("input", apply);
  filter.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", reveal);
  var before = [];
  window.addEventListener("beforeprint", function () {
    before = results.filter(function (one) { return !one.open && !one.hidden && one.dataset.verdict !== "pass" && one.dataset.verdict !== "omit"; });
    before.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () { before.forEach(function (one) { one.open = false; }); });
  apply();
  reveal();
})();
