#!/usr/bin/env python3
"""Takes the pictures of docs/pictures anew, from what the built binaries answer; after a change of client/report or of
server/playground/page.

    build/python/bin/python tools/report_pictures.py
"""

import json
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests"))

from report.browser import Browser  # noqa: E402
from report.conftest import EVERYTHING  # noqa: E402
from support.cli import limpid  # noqa: E402
from support.paths import DEMO, minilm  # noqa: E402
from support.playground import playground_port  # noqa: E402
from support.server import Server  # noqa: E402

PICTURES = REPO / "docs" / "pictures"
TEXT = ("Zoë Marsh asks for 9,500 euros for a new roof. She repaid a car loan in full in 2019, but the file shows that "
        "she missed three payments last spring. She has four children and a dog.")
PANGRAM = "The quick brown fox couldn't jump over the unbelievably lazy dog."


def make(server, folder, name, text, *asked):
    done = limpid("report", "--server", server.address, "--timeout", 300, "--text", text, *asked, "-o", folder / name)
    assert done.returncode == 0, done.stderr
    return folder / name


def take_load_test(server, folder, browser):
    texts = folder / "texts.jsonl"
    texts.write_text(json.dumps({"text": TEXT}) + "\n")
    limpid("bench", texts, "--server", server.address, "--model", "minilm", "--rate", "5:50:7", "--duration", 6, "--warmup", 3,
           "--slo", "p99<1s", "--slo", "errors<1%", "--html", folder / "load.html", timeout=300)
    with browser.open(folder / "load.html", color_scheme="light") as page:
        page.screenshot(path=PICTURES / "bench.png", full_page=True)


def main():
    with (Server({"demo": DEMO, "minilm": minilm()}, "--playground", "0") as server, Browser() as browser,
          tempfile.TemporaryDirectory() as scratch):
        folder = Path(scratch)
        with browser.open(make(server, folder, "report.html", TEXT, *EVERYTHING), color_scheme="light") as page:
            page.locator(".heatmap .strong").first.focus()
            page.screenshot(path=PICTURES / "report_heatmap.png")
        asked = ("--model", "minilm", "--method", "attention_rollout", "--quality", "none")
        with browser.open(make(server, folder, "attention.html", PANGRAM, *asked), color_scheme="dark") as page:
            page.get_by_label("layer 2, head 3").click()
            page.locator("#attention").screenshot(path=PICTURES / "report_attention.png")
        record = make(server, folder, "record.html", TEXT, *EVERYTHING, "--decision-record")
        with browser.open(record, color_scheme="light") as page:
            page.set_viewport_size({"width": 900, "height": 1050})
            page.screenshot(path=PICTURES / "decision_record.png", full_page=True)
        with browser.visit(f"http://127.0.0.1:{playground_port(server)}/", color_scheme="light") as page:
            page.get_by_label("Text", exact=True).fill(TEXT)
            page.locator(".heatmap", has_text="four children").wait_for()
            page.set_viewport_size({"width": 1280, "height": 1120})
            page.screenshot(path=PICTURES / "playground.png")
        take_load_test(server, folder, browser)


if __name__ == "__main__":
    main()
