(function () {
  "use strict";
  var root = document.documentElement;
  var box = document.getElementById("filter");
  var found = document.getElementById("found");
  var all = function (selector, within) { return Array.from((within || document).querySelectorAll(selector)); };
  // Full-width letters, upper case and blanks do not matter to a search.
  var plain = function (text) { return text.normalize("NFKC").toLowerCase(); };

  var articles = all("main article").map(function (article) {
    // What a table is called and says of itself, not the other tables that it names.
    var head = plain(all("h3, header > p", article).map(function (part) { return part.textContent; }).join(" "));
    var rows = all("tbody tr", article).map(function (row) { return [row, head + " " + plain(row.textContent)]; });
    return [article, rows, plain(article.textContent)];
  });
  var sections = all("main section").filter(function (section) { return section.id !== "about"; });
  var links = all("nav li a").map(function (link) { return [link, document.getElementById(link.hash.slice(1))]; });

  function filter() {
    var words = plain(box.value).split(/\s+/).filter(Boolean);
    var has = function (text) { return words.every(function (word) { return text.indexOf(word) >= 0; }); };
    var places = 0;
    articles.forEach(function (entry) {
      var shown = 0;
      entry[1].forEach(function (row) {
        var hit = has(row[1]);
        row[0].hidden = !hit;
        shown += hit;
      });
      if (!entry[1].length) { shown += has(entry[2]); }
      entry[0].hidden = !shown;
      places += shown;
    });
    sections.forEach(function (section) { section.hidden = !section.querySelector("article:not([hidden])"); });
    links.forEach(function (link) { link[0].parentNode.hidden = Boolean(link[1] && link[1].hidden); });
    found.hidden = !words.length;
    found.querySelector("b").textContent = places;
    document.getElementById("nothing").hidden = places > 0;
  }

  // The hash says language and place: #en, #table-x, #en/table-x.
  function state(hash) {
    var parts = /^#?(?:(zh|en)(?:\/|$))?(.*)$/.exec(hash);
    var place = parts[2];
    try { place = decodeURIComponent(place); } catch (error) { /* a % that was typed: it names no place */ }
    return { language: parts[1] || "zh", place: place };
  }
  function hash(language, place) {
    return "#" + (language === "en" ? "en" + (place ? "/" : "") : "") + encodeURIComponent(place);
  }
  function speak(language) {
    if (root.lang === (language === "en" ? "en" : "zh-CN")) { return; }
    var top = articles.map(function (entry) { return entry[0]; }).filter(function (article) {
      return article.getBoundingClientRect().bottom > 100;
    })[0];
    var before = top && top.getBoundingClientRect().top;
    root.lang = language === "en" ? "en" : "zh-CN";
    document.title = root.getAttribute("data-title-" + language);
    if (top && window.scrollY) { window.scrollBy(0, top.getBoundingClientRect().top - before); }
  }
  function go(isNew) {
    var now = state(location.hash);
    speak(now.language);
    var target = now.place && document.getElementById(now.place);
    if (!target || !isNew) { return; }
    if (box.value && target.closest("[hidden]")) { box.value = ""; filter(); }
    target.scrollIntoView();
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[href^='#']");
    if (!link) { return; }
    event.preventDefault();
    var now = state(location.hash);
    if (link.dataset.lang) {
      history.replaceState(null, "", hash(link.dataset.lang, now.place));
      go(false);
    } else {
      history.pushState(null, "", hash(now.language, state(link.getAttribute("href")).place));
      go(true);
    }
  });
  window.addEventListener("hashchange", function () { go(true); });
  window.addEventListener("popstate", function () { go(true); });
  var waiting;
  box.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(filter, 120); });

  // On a narrow screen the contents are folded until somebody asks for them.
  document.querySelector("nav details").open = window.matchMedia("(min-width: 60rem)").matches;
  go(true);
})();
