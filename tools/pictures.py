#!/usr/bin/env python3
"""Takes all pictures of the documentation anew, from what the built binaries answer: docs/pictures, and the terminal of
client/explanation.svg. `make pictures`, after a change of what they show.

    build/python/bin/python tools/pictures.py [NAME ...]
"""

import contextlib
import html
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / "client" / "python"
subprocess.run([sys.executable, PACKAGE / "generate.py"], check=True)
sys.path[:0] = [str(REPO / "tests"), str(PACKAGE / "src")]

import terminal_picture  # noqa: E402
from limpid import Client  # noqa: E402
from report.browser import Browser  # noqa: E402
from report.conftest import EVERYTHING  # noqa: E402
from support.cli import limpid  # noqa: E402
from support.paths import DEMO, minilm  # noqa: E402
from support.playground import playground_port  # noqa: E402
from support.server import Server  # noqa: E402

PICTURES = REPO / "docs" / "pictures"
MAX_BYTES = 200_000
TEXT = ("Zoë Marsh asks for 9,500 euros for a new roof. She repaid a car loan in full in 2019, but the file shows that "
        "she missed three payments last spring. She has four children and a dog.")
MIXED = "She repaid a car loan in full, but missed three payments last spring."
LETTERS = (MIXED, TEXT, "He never missed a payment and has steady work.", "Two payments were missed, and rent is late.",
           "Income is stable, but two payments were missed.", "They saved for years and owe nothing to anybody.")
NOTEBOOK_STYLE = """
body { margin: 0; font-family: system-ui, sans-serif; }
main { display: grid; grid-template-columns: auto 1fr; gap: 8px; padding: 16px; }
.n { font: 14px monospace; padding-top: 10px; }
pre { font: 14px/1.5 monospace; margin: 0; padding: 8px 12px; background: #f4f4f4; border: 1px solid #ccc; }
"""
PANGRAM = "The quick brown fox couldn't jump over the unbelievably lazy dog."


def keep(name, shot):
    """In 256 colours, which these pages do not need more than."""
    small = io.BytesIO()
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    assert len(small.getvalue()) < MAX_BYTES, f"{name} has {len(small.getvalue())} bytes"
    (PICTURES / f"{name}.png").write_bytes(small.getvalue())


class Studio:
    def __init__(self, server, browser, folder):
        self.server, self.browser, self.folder = server, browser, folder

    def run(self, command, *arguments):
        terminal = {"COLORTERM": "truecolor"}
        done = limpid(command, *arguments, "--server", self.server.address, environment=terminal, timeout=400)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def report(self, text, *asked):
        path = self.folder / "report.html"
        self.run("report", "--timeout", 300, "--text", text, *asked, "-o", path)
        return path

    @contextlib.contextmanager
    def page(self, path, width=1280, height=900, scheme="light", scale=1):
        with self.browser.open(path, color_scheme=scheme, device_scale_factor=scale) as page:
            page.set_viewport_size({"width": width, "height": height})
            yield page

    def report_heatmap(self):
        with self.page(self.report(TEXT, *EVERYTHING)) as page:
            page.locator(".heatmap .strong").first.focus()
            return page.screenshot()

    def report_quality(self):
        asked = ("--model", "demo", "--method", "integrated_gradients", "--quality", "deletion:insertion:random_orders=16")
        with self.page(self.report(TEXT, *asked), width=1000) as page:
            return page.locator("#quality").screenshot()

    def report_attention(self):
        asked = ("--model", "minilm", "--method", "attention_rollout", "--quality", "none")
        with self.page(self.report(PANGRAM, *asked), scheme="dark") as page:
            page.get_by_label("layer 2, head 3").click()
            return page.locator("#attention").screenshot()

    def decision_record(self):
        with self.page(self.report(TEXT, *EVERYTHING, "--decision-record"), width=900, height=1050) as page:
            return page.screenshot(full_page=True)

    def playground(self):
        site = f"http://127.0.0.1:{playground_port(self.server)}/"
        with self.browser.visit(site, color_scheme="light") as page:
            page.get_by_label("Text", exact=True).fill(TEXT)
            page.locator(".heatmap", has_text="four children").wait_for()
            page.locator("#status", has_text="3 explanations").wait_for()
            page.set_viewport_size({"width": 1280, "height": 1120})
            return page.screenshot()

    def bench(self):
        """Of a quiet machine; that a condition is missed, which the command ends with, is part of the picture."""
        path = self.folder / "load.html"
        with contextlib.chdir(self.folder):  # the page names the file as it was asked for
            Path("texts.jsonl").write_text(json.dumps({"text": TEXT}) + "\n")
            limpid("bench", "texts.jsonl", "--server", self.server.address, "--model", "minilm", "--rate", "5:50:7",
                   "--duration", 6, "--warmup", 3, "--slo", "p99<1s", "--slo", "errors<1%", "--html", path, timeout=300)
        with self.page(path) as page:
            return page.screenshot(full_page=True)

    def evaluation(self):
        path = self.folder / "evaluation.html"
        with contextlib.chdir(self.folder):
            Path("letters.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in LETTERS))
            self.run("evaluate", "letters.jsonl", "--method", "saliency,gradient_x_input,integrated_gradients,occlusion",
                     "--quality", "deletion:insertion:random_orders=4", "--html", path)
        with self.page(path) as page:
            return page.screenshot(full_page=True)

    def notebook(self):
        code = ('answer = client.explain("Income is stable, but two payments were missed.", granularity="word",\n'
                '                        methods=["gradient_x_input", "integrated_gradients", "head_importance"])\n'
                'answer')
        with Client(self.server.address) as client:
            scope = {"client": client}
            exec(code.rsplit("\n", 1)[0], scope)
        cell = self.folder / "notebook.html"
        cell.write_text(f"<!doctype html><meta charset=utf-8><title>notebook</title><style>{NOTEBOOK_STYLE}</style>"
                        f"<main><div class=n>[2]:</div><pre>{html.escape(code)}</pre><div class=n>[2]:</div>"
                        f"<div>{scope['answer']._repr_html_()}</div></main>")
        with self.page(cell, width=960, scale=2) as page:
            return page.locator("main").screenshot()

    def explanation(self):
        asked = ("--method", "integrated_gradients", "--granularity", "word", "--top", "6")
        shown = self.run("explain", MIXED, *asked, "--color", "always")
        lines = [f'$ limpid explain "{MIXED}" \\', f"    {' '.join(asked)}", "", *shown.rstrip("\n").split("\n")]
        (REPO / "client" / "explanation.svg").write_text(terminal_picture.draw(lines) + "\n")


NAMES = ("explanation", "report_heatmap", "report_quality", "report_attention", "decision_record", "playground", "evaluation",
         "notebook", "bench")


def main():
    with (Server({"demo": DEMO, "minilm": minilm()}, "--playground", "0") as server, Browser() as browser,
          tempfile.TemporaryDirectory() as scratch):
        studio = Studio(server, browser, Path(scratch))
        for name in sys.argv[1:] or NAMES:
            shot = getattr(studio, name)()
            if shot is not None:
                keep(name, shot)


if __name__ == "__main__":
    main()
