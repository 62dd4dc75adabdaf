"""The pictures of docs/images, taken from the running application: python tools/screenshots.py [--all FOLDER]

Ask beside its highlighted page, and Compare. With --all every tab at both sizes, light and dark, into a folder, to look at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Steps = list[tuple[str, str]]
ASK: tuple[str, Steps] = (
    "?q=Which+systems+replaced+principals%3F",
    [("wait", "#cb-answer .cb-statement"), ("click", "#cb-answer .cb-cite"), ("wait", "#cb-viewer mark")],
)
COMPARE: tuple[str, Steps] = ("?compare=leadership_staffing,time,results", [("wait", "[data-compare-result][data-done]")])
ALL: dict[str, tuple[str, Steps]] = {
    "welcome": ("", []),
    "ask": ASK,
    "compare": COMPARE,
    "abstained": ("?q=What+is+the+capital+of+France%3F", [("wait", ".cb-abstained")]),
    "search": ("?tab=search&q=tutoring+and+extra+time", [("wait", ".cb-hit")]),
    "library": ("?tab=library", [("wait", ".cb-table")]),
    "quality": ("?tab=quality", [("wait", ".cb-quality")]),
    "evidence": (
        ASK[0],
        [
            ("wait", ".cb-statement"),
            ("click", '#cb-answer [data-do="keep"]'),
            ("click", '[data-do="tray"]'),
            ("wait", "#cb-tray li"),
        ],
    ),
}
SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--all", type=Path, metavar="FOLDER", help="every tab, both sizes, light and dark")
    options.add_argument("--data", type=Path, help="data folder (default: the application's)")
    chosen = options.parse_args()
    url = start(chosen.data)
    wanted = (
        [(name, size, dark) for name in ALL for size in SIZES for dark in (False, True)]
        if chosen.all
        else [("ask", "wide", False), ("compare", "wide", False)]
    )
    folder = chosen.all or ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    take(url, wanted, folder, plain_names=not chosen.all)
    return 0


def start(data: Path | None) -> str:
    """Serves the application from a thread on a free port; returns its address."""
    import uvicorn

    from casebook.library import Library
    from casebook.settings import load
    from web import server

    library = Library(load(data=data))
    server.prepare(library)
    listener = server.listen("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(server.create(library), log_level="error"))
    threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def take(url: str, wanted: list[tuple[str, str, bool]], folder: Path, plain_names: bool) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for name, size, dark in wanted:
            path, steps = ALL[name]
            page = browser.new_page(viewport=SIZES[size], color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
            page.goto(f"{url}/{path}")
            page.wait_for_selector("body[data-ready]")
            for action, selector in steps:
                target = page.locator(selector).first
                target.wait_for()
                if action == "click":
                    target.click()
            page.mouse.move(0, 0)
            page.wait_for_timeout(400)
            file = folder / (f"{name}.png" if plain_names else f"{name}-{size}-{'dark' if dark else 'light'}.png")
            page.screenshot(path=file)
            page.close()
            print(file)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
