"""The issue tracker's pages in Chromium: widths, dark, keys, no scripts, axe-core, hostile texts.

`uv pip install --target DIR playwright` and `npm install --prefix DIR axe-core`, then
`PYTHONPATH=DIR .venv/bin/python benchmarks/issues_browser.py --axe
DIR/node_modules/axe-core/axe.min.js [--shots FOLDER]`. Uses Debian's Chromium. Exits 1 if a page is
wider than the screen, a policy is violated, a dialog opens, a key does nothing, a target on a
phone is lower than 44 px, or axe-core finds something serious. `--shots` keeps pictures to look at.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from issues_examples import HOSTILE, fill, fill_hostile
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from packager.tracker.core.moments import HOUR
from packager.tracker.service.run import ReadyService, start
from packager.tracker.service.settings import ServiceSettings

CHROMIUM = "/usr/bin/chromium"
WIDTHS = (320, 360, 800, 1440)
PAGES = {
    "list": "/", "list-kind": "/?kind=FeatureDrift&band=P2", "resolved": "/?state=resolved",
    "nothing": "/?q=nosuchword", "drift": "/issues/1", "slice": "/issues/12",
    "errors": "/issues/13", "rows": "/issues/16", "quality": "/issues/57",
    "replay": "/issues/58", "packages": "/packages",
    "package": "/package?name=diamonds", "tokens": "/tokens", "missing": "/issues/999999",
}  # fmt: skip
LOW = """() => [...document.querySelectorAll(
 'button, summary, input:not([type=hidden]), select, .tabs a, .bands a, .go')]
 .filter(e => e.checkVisibility() && !e.closest('.unseen')).map(e => [e.outerHTML.slice(0, 90),
 e.type === 'radio' ? e.closest('label').getBoundingClientRect().height
 : e.matches('.go') ? e.closest('.issue').getBoundingClientRect().height
 : e.getBoundingClientRect().height]).filter(([, h]) => h < 43.5)"""


class Problems:
    """The faults that were found."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.passed = 0

    def check(self, good: object, text: str) -> None:
        """Note a check."""
        if good:
            self.passed += 1
        else:
            self.problems.append(text)
            print(f"WRONG: {text}", file=sys.stderr)


@contextlib.contextmanager
def served(kind: str, away: bool = False) -> Iterator[ReadyService]:
    """A service with examples on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ServiceSettings(
            link_prefixes=("https://grafana.example/",),
            alertmanager="http://127.0.0.1:9" if away else "",
        )
        started = start(Path(folder), "127.0.0.1", 0, settings)
        with started.context.tracker.store.write() as store:
            if kind == "demo":
                fill(store, time.time())
            elif kind == "hostile":
                fill_hostile(store, time.time())
            if away:
                store.keep_setting("reconcile_failed_since", str(time.time() - HOUR))
        # Signals stay with the main thread.
        running = threading.Thread(target=started.run, daemon=True)
        running.start()
        while not started.server.started:
            time.sleep(0.05)
        try:
            yield started
        finally:
            started.server.should_exit = True
            running.join(20)


def watched(context: BrowserContext, found: Problems) -> Page:
    """A page whose dialogs, errors and violations of the policy are problems."""
    page = context.new_page()
    page.on("dialog", lambda one: (found.check(False, f"dialog {one.message}"), one.dismiss()))
    page.on("pageerror", lambda one: found.check(False, f"{page.url}: {one}"))
    page.on("console", lambda one: found.check(
        one.type != "error" or "status of 4" in one.text, f"{page.url}: {one.text}"))  # fmt: skip
    return page


def login(browser: Browser, started: ReadyService) -> str:
    """Log in once; the session's cookie in Playwright's form."""
    context = browser.new_context()
    code = started.login_url().rpartition("/")[2]
    context.new_page().goto(f"{started.url}/login/{code}")
    return context.storage_state()  # type: ignore[return-value]


def look(
    browser: Browser, started: ReadyService, found: Problems, args: argparse.Namespace
) -> None:
    """Every page at every width, light and dark."""
    state = login(browser, started)
    axe = Path(args.axe).read_text(encoding="utf-8") if args.axe else ""
    for width in args.widths:
        for scheme in ("light", "dark"):
            context = browser.new_context(
                storage_state=state, color_scheme=scheme, bypass_csp=bool(axe),
                viewport={"width": width, "height": 900},
            )  # fmt: skip
            page = watched(context, found)
            for name, path in PAGES.items():
                page.goto(started.url + path)
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                found.check(wide <= 0, f"{name} at {width}: {wide} px too wide")
                if width <= 360:
                    low = page.evaluate(LOW)
                    found.check(not low, f"{name} at {width}: low targets {low[:4]}")
                if axe:
                    audit(page, axe, f"{name} {width} {scheme}", found)
                if args.shots:
                    page.screenshot(path=f"{args.shots}/{name}-{width}-{scheme}.png")
            context.close()


def audit(page: Page, axe: str, name: str, found: Problems) -> None:
    """The findings of axe-core; moderate ones are printed."""
    page.evaluate(axe)
    for one in page.evaluate("axe.run()")["violations"]:
        where = one["nodes"][0]["html"][:150]
        serious = one["impact"] in ("serious", "critical")
        found.check(not serious, f"{name}: axe {one['id']} {where}")
        if not serious:
            print(f"{name}: axe ({one['impact']}) {one['id']} {where}")


class Keyboard:
    """Keys that are pressed on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *names: str) -> None:
        """Press keys that stay on the page."""
        for name in names:
            self.page.keyboard.press(name)

    def leave(self, *names: str) -> None:
        """Press keys of which the last one leads to another page, and wait for its scripts."""
        self.press(*names[:-1])
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press(names[-1])
        self.page.wait_for_timeout(150)  # the page unfolds a part after it has loaded


def keys(browser: Browser, started: ReadyService, found: Problems) -> None:
    """Every action by the keyboard alone."""
    page = watched(browser.new_context(storage_state=login(browser, started)), found)

    press, leave = Keyboard(page).press, Keyboard(page).leave

    def state() -> str:
        return page.locator(".state b").inner_text()

    page.goto(started.url)
    press("j", "j", "j", "k")
    path = page.evaluate("document.activeElement.getAttribute('href')")
    found.check(path == page.locator(".go").nth(1).get_attribute("href"), f"j and k: {path}")
    leave("m")
    found.check(page.url.rstrip("/") == started.url, f"m stays on the list: {page.url}")
    leave("j", "Enter")
    found.check("/issues/" in page.url, f"Enter: {page.url}")
    leave("a")
    found.check(state().startswith("acknowledged"), f"a: {state()}")
    leave("m")
    found.check("owner admin" in page.locator(".state").inner_text(), "m assigns")
    press("s")
    leave("ArrowDown", "ArrowDown", "Enter")
    found.check("until its priority is" in state(), f"s: {state()}")
    press("i")
    page.keyboard.type("by keyboard")
    leave("Enter")
    found.check("ignored" in state() and "by keyboard" in state(), f"i: {state()}")
    press("r")
    page.keyboard.type("1.3.0")
    leave("Enter")
    found.check("fixed in 1.3.0" in state(), f"r: {state()}")
    press("?")
    found.check(page.locator("#keys").evaluate("e => e.open"), "? opens the list of keys")
    leave("u")
    found.check(page.url.rstrip("/") == started.url, f"u: {page.url}")
    press("/")
    page.keyboard.type("carat")
    leave("Enter")
    found.check(page.locator(".issue").count() >= 1 and "q=carat" in page.url, "/ searches")
    leave("j", "r")
    found.check("#resolve" in page.url, f"r on the list: {page.url}")
    focused = page.evaluate("document.activeElement.name")
    found.check(focused == "version", f"r focuses the form: {focused}")


def scriptless(browser: Browser, started: ReadyService, found: Problems) -> None:
    """Lists, forms and folds without scripts."""
    state = login(browser, started)
    page = watched(browser.new_context(storage_state=state, java_script_enabled=False), found)
    page.goto(started.url)
    found.check(page.locator(".issue").count() > 10, "rows without scripts")
    page.locator(".go").nth(1).click()
    page.get_by_text("Snooze").first.click()
    page.get_by_role("button", name="Snooze").click()
    found.check("snoozed until" in page.locator(".state b").inner_text(), "snooze without scripts")
    page.locator("textarea").fill("no scripts <b>here</b>")
    page.get_by_role("button", name="Comment").click()
    said = page.locator(".history .said").first.inner_text()
    found.check(said == "no scripts <b>here</b>", f"comment: {said}")


def harm(browser: Browser, started: ReadyService, found: Problems) -> None:
    """Hostile texts as data, as searches and as filters."""
    page = watched(browser.new_context(storage_state=login(browser, started)), found)
    paths = ["/", "/?state=all", "/packages", *(f"/issues/{i + 1}" for i in range(len(HOSTILE)))]
    for path in paths:
        answer = page.goto(started.url + path)
        found.check(answer is not None and answer.status == 200, f"{path}: {answer}")
        scripts = page.evaluate("[...document.scripts].map(one => one.getAttribute('src'))")
        found.check(len(scripts) == 1, f"{path}: scripts {scripts}")
        odd = page.evaluate(
            "[...document.links].map(one => one.getAttribute('href'))"
            ".filter(one => !/^([/#]|https:..grafana.example.)/.test(one))"
        )
        found.check(not odd, f"{path}: links {odd[:3]}")
        bidi = page.evaluate("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)")
        found.check(not bidi, f"{path}: bidi controls")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found.check(wide <= 0, f"{path}: {wide} px too wide")
    for text in HOSTILE:
        for name in ("q", "package", "kind", "owner", "label", "state", "band", "after", "cause"):
            answer = page.request.get(started.url, params={name: _sendable(text[:3000])})
            found.check(answer.status < 500, f"{name}={text[:40]!r}: {answer.status}")


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def main() -> int:
    """Run all checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axe", default="")
    parser.add_argument("--shots", default="")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    args = parser.parse_args()
    if args.shots:
        Path(args.shots).mkdir(parents=True, exist_ok=True)
    found = Problems()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served("demo") as started:
            look(browser, started, found, args)
            keys(browser, started, found)
            scriptless(browser, started, found)
        with served("hostile") as started:
            harm(browser, started, found)
        for kind, away in (("empty", False), ("demo", True)):
            with served(kind, away) as started:
                state = login(browser, started)
                page = watched(browser.new_context(storage_state=state), found)
                page.goto(started.url)
                said = "out of reach" if away else "No source has reported anything yet"
                found.check(said in page.content(), f"{kind}: {said}")
                if args.shots:
                    page.screenshot(path=f"{args.shots}/{'away' if away else kind}.png")
        browser.close()
    print(f"{found.passed} checks passed, {len(found.problems)} did not")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
