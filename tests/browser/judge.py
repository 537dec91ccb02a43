"""What every page has to hold to: accessibility, widths, weight."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

NODE_MODULES = Path(__file__).parent / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
HEAVIEST = 100_000
"""Bytes that a page may load with an empty cache, fonts left out."""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
_RUN_AXE = """async (options) => {
  const found = await axe.run(document, options);
  return found.violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map((node) => node.html.slice(0, 300)
    + " ← " + node.any.concat(node.all, node.none).map((each) => each.message).join("; ").slice(0, 300))}));
}"""
_TOO_WIDE = """() => {
  const root = document.documentElement, width = root.clientWidth;
  const hides = [root, document.body].filter((each) => ["hidden", "clip"].includes(getComputedStyle(each).overflowX));
  if (root.scrollWidth <= width && !hides.length) return null;
  const boxed = (each) => {
    for (let up = each.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  const over = [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > width + 1
    && !boxed(each)).map((each) => each.cloneNode(false).outerHTML.slice(0, 200));
  return {wanted: root.scrollWidth, width, hides: hides.map((each) => each.tagName), over: over.slice(-5)};
}"""
_WEIGHT = """() => performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
  .filter((each) => !/\\.(woff2?|ttf|otf)$/.test(new URL(each.name).pathname))
  .map((each) => [new URL(each.name).pathname, each.encodedBodySize + 300])"""


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")


def violations(page: Page, *rules: str, contrast: bool = True) -> list[dict[str, Any]]:
    """What axe-core has against a page under WCAG 2.1 A and AA, or by some of its rules alone.

    :param contrast: whether colours are looked at, which takes longest.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {_axe()} }}")
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _RULES}
    others = {} if contrast else {"color-contrast": {"enabled": False}}
    options = {"runOnly": only, "resultTypes": ["violations"], "rules": others}
    found: list[dict[str, Any]] = page.evaluate(_RUN_AXE, options)
    return found


def too_wide(page: Page) -> dict[str, Any] | None:
    """What sticks out of a page to the right, unless in a box that scrolls by itself; None where nothing does."""
    found: dict[str, Any] | None = page.evaluate(_TOO_WIDE)
    return found


def weight(page: Page) -> dict[str, int]:
    """Bytes that come over the wire for a page with an empty cache, by path: what was kept counts as well, and some
    three hundred for the head of each answer.
    """
    return dict(page.evaluate(_WEIGHT))


def zoom_text(page: Page, percent: int) -> None:
    """Make all text larger or smaller, as readers do in the settings of their browser."""
    page.evaluate("(percent) => { document.documentElement.style.fontSize = `${percent}%` }", percent)
