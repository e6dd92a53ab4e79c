document.getElementById("switch").addEventListener("click", function () {
  var page = document.documentElement;
  var other = page.dataset.lang === "ja" ? "en" : "ja";
  page.dataset.lang = other;
  page.lang = other;
});
