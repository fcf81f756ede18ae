"""Pages that the real command made of answers of a real server, and the browser that opens them."""

import json

import pytest

from report.browser import Browser
from support.cli import limpid
from support.paths import DEMO, minilm
from support.server import Server

TEXT = ("Zoë Marsh lives in Porto. She asks for 9,500 euros for a new roof. The file shows that she missed three "
        "payments last spring. She has four children and a dog.")
METHODS = ("integrated_gradients:send_refinements,gradient_x_input,saliency,attention_rollout,head_importance,"
           "counterfactual,input_reduction")
EVERYTHING = ("--model", "demo", "--method", METHODS, "--attention", "all", "--quality",
              "deletion:insertion:comprehensiveness:sufficiency:completeness:random_orders=4")


@pytest.fixture(scope="session")
def server():
    with Server({"demo": DEMO, "minilm": minilm()}) as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def run(server):
    def command(name, *arguments, **options):
        done = limpid(name, "--server", server.address, *arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


@pytest.fixture(scope="session")
def make_pages(run, tmp_path_factory):
    """What is asked about a text, as (answer, report, record)."""

    def make(text, *asked):
        folder = tmp_path_factory.mktemp("pages")
        (folder / "answer.json").write_text(run("explain", *asked, "--json", "--", text))
        assert limpid("report", folder / "answer.json", "-o", folder / "report.html").returncode == 0
        (folder / "record.html").write_text(limpid("report", folder / "answer.json", "--decision-record").stdout)
        return json.loads((folder / "answer.json").read_text()), folder / "report.html", folder / "record.html"

    return make


@pytest.fixture(scope="session")
def whole(make_pages):
    """Everything that a page can show."""
    return make_pages(TEXT, *EVERYTHING)


@pytest.fixture
def answer(whole):
    return whole[0]


@pytest.fixture
def page(browser, whole):
    with browser.open(whole[1]) as opened:
        yield opened


@pytest.fixture
def record(browser, whole):
    with browser.open(whole[2]) as opened:
        yield opened
