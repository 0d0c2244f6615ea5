// Sets the colour scheme before the first paint, so that a dark page never flashes light. It is a file of its own
// because the content security policy allows no inline script.
(function () {
  var kept = null;
  try {
    kept = localStorage.getItem("tillsight-scheme");
  } catch (error) {
    kept = null;
  }
  var dark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
