"""One real server on the bundled collection, and Chromium in front of it with the network cut off."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, sync_playwright

from casebook.library import Library
from web import server

SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
PATIENCE = 20_000
"""Milliseconds an action may take on a busy machine before a test gives up."""

Open = Callable[..., Page]


class Running:
    """The application, served from a thread on a free port of this machine."""

    def __init__(self, library: Library) -> None:
        server.prepare(library)
        listener = server.listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(server.create(library), log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="session")
def served(library: Library) -> Iterator[str]:
    running = Running(library)
    yield running.url
    running.stop()


@pytest.fixture
def serve_own(own_library: Library) -> Iterator[tuple[str, Library]]:
    """A server of its own, for tests that change the collection."""
    running = Running(own_library)
    yield running.url, own_library
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, served: str) -> Iterator[Open]:
    """open_page(path="", size="wide", dark=False): a new visitor's page, ready to be used. Fails the test afterwards when
    anything was requested from elsewhere, or when the page's script reported an error."""
    contexts: list[BrowserContext] = []
    foreign: list[str] = []
    errors: list[str] = []

    def hold(route: Route, request: Request) -> None:
        if urlsplit(request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            foreign.append(request.url)
            route.abort()

    def open_(path: str = "", size: str = "wide", dark: bool = False, base: str = "") -> Page:
        context = browser.new_context(viewport=SIZES[size], color_scheme="dark" if dark else "light")
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.route("http*://**/*", hold)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
        page.goto((base or served) + "/" + path)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert foreign == [], "requested from outside this machine"
    assert errors == [], "the page reported errors"


def ask(page: Page, question: str) -> None:
    """Types a question, presses Enter and waits for its answer."""
    field = page.get_by_label("Your question")
    field.fill(question)
    field.press("Enter")
    page.locator("#cb-answer .cb-question", has_text=question).first.wait_for()
