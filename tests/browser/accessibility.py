"""What axe-core finds on a page. Its script is in the axe-playwright-python wheel; nothing of it ships."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

#: WCAG 2.2 AA and below, and what axe calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = {"serious", "critical"}
#: Wait until nothing moves any more (what turns for ever is left to turn), then ask axe.
LOOK = """async ({ tags, grave, colours }) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ends = ({ playState, effect }) => playState === "running" && isFinite(effect.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ends).map(({ finished }) => finished));
  // A rule says beforehand how bad what it finds is: those that can find nothing grave need not look.
  const mild = axe._audit.rules.filter(({ impact, tags }) =>
    (impact && !grave.includes(impact)) || (colours && !tags.includes("cat.color")));
  const rules = Object.fromEntries(mild.map(({ id }) => [id, { enabled: false }]));
  const how = { runOnly: { type: "tag", values: tags }, rules, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, how);
  const first = (nodes) => nodes.slice(0, 3).map(({ html }) => html.slice(0, 200));
  return violations.filter(({ impact }) => grave.includes(impact))
    .map(({ id, impact, nodes }) => ({ id, impact, nodes: first(nodes) }));
}"""


@cache
def script() -> str:
    """axe itself. A page that has it as its initial script need not be sent it again and again."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def begin(page: Any, *, colours: bool = False) -> None:
    """Have axe look at the page as it stands; :func:`found` says what it found.

    With `colours` it looks at nothing else: the page was looked at in the other scheme as it stands, and a scheme
    changes colours alone (tests/test_contrast.py sees to it).
    """
    page.wait_for_load_state()
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(script())  # through the debugger's door: the page's own policy stays as strict as it is
    how = {"tags": TAGS, "grave": sorted(GRAVE), "colours": colours}
    page.evaluate(f"(how) => {{ window.looking = ({LOOK})(how); }}", how)


def found(page: Any) -> list[str]:
    """Serious and critical violations, each with the first elements that have it."""
    violations = page.evaluate("() => window.looking")
    return [f"{one['id']} ({one['impact']}): {'; '.join(one['nodes'])}" for one in violations]


def grave(page: Any, *, colours: bool = False) -> list[str]:
    """Serious and critical violations of the page as it stands; `colours` as for :func:`begin`."""
    begin(page, colours=colours)
    return found(page)
