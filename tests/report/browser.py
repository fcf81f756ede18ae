"""A page in a real browser that nothing may go wrong in."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")


def find_browser() -> str:
    found = [path for path in map(shutil.which, NAMES) if path]
    if not found:
        pytest.skip(f"none of {', '.join(NAMES)} is installed (make setup-test)")
    return found[0]


def axe_source() -> str:
    """axe-core as the package axe-playwright-python carries it."""
    package = importlib.util.find_spec("axe_playwright_python")
    return (Path(package.submodule_search_locations[0]) / "axe.min.js").read_text()


class Browser:
    """`with Browser() as browser:`, then browser.open(file)."""

    def __enter__(self):
        path = find_browser()
        self.playwright = sync_playwright().start()
        # Tests run as root in containers, which Chromium's sandbox does not want; the pages are our own.
        self.chromium = self.playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        return self

    def __exit__(self, *_):
        self.chromium.close()
        self.playwright.stop()

    def open(self, path, **context):
        return self._page(Path(path).resolve().as_uri(), None, context)

    def visit(self, site, **context):
        """The first page of a site, which may ask that site for more."""
        return self._page(site, site, context)

    def _page(self, url, site, context):
        return Page(self.chromium.new_context(viewport={"width": 1280, "height": 900}, **context), url, site)


class Page:
    """`with browser.open(file) as page:`; at its end nothing was said on the console, and nothing was asked for but the
    file itself, or of the page's own site. What it does not have, Playwright's page has."""

    def __init__(self, context, url, site):
        self.context = context
        self.page = context.new_page()
        self.problems = []
        self.page.on("console", lambda message: self.problems.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}") or dialog.dismiss())
        self.context.on("request", self._note_request)
        self.url, self.site = url, site
        self.page.goto(self.url)

    def _note_request(self, request):
        if request.url != self.url and not (self.site and request.url.startswith(self.site)):
            self.problems.append(f"request: {request.url}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.context.close()
        if kind is None:
            assert not self.problems, self.problems

    def __getattr__(self, name):
        return getattr(self.page, name)

    def focused(self, attribute="aria-label") -> str:
        return self.page.evaluate(f"document.activeElement.getAttribute('{attribute}')")

    def barriers(self) -> list:
        """What axe-core finds: (rule, element) of each violation."""
        self.page.evaluate(axe_source())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]
