"""OPERATING.md says what the binaries do: its tables are theirs, and what its prose names exists."""

import re
import sys

import grpc
import pytest

from support.paths import REPO

sys.path.insert(0, str(REPO / "tools"))
import operating

PAGE = (REPO / "OPERATING.md").read_text()
WITHOUT_TABLES = re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", "", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def help_output():
    return operating.help_text()


@pytest.fixture(scope="module")
def scraped():
    return operating.scrape()


def section(title):
    """What was written by hand."""
    return WITHOUT_TABLES.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text):
    """Cells of the table lines, heads included."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_flags_metrics_and_limits_are_those_of_the_binaries(help_output, scraped):
    assert PAGE == operating.rewritten(PAGE, help_output, scraped), "OPERATING.md is out of date: run `make docs`"


def test_every_flag_of_the_help_is_found(help_output):
    """The page cannot lose a flag by not understanding the help."""
    found = {flag.name for flag in operating.flags(help_output)}
    assert found == set(re.findall(r"^  (--[\w-]+) .*\(Env:", help_output, re.MULTILINE)) and len(found) > 15
    assert all(flag.help and flag.value for flag in operating.flags(help_output))


def test_flags_and_metrics_named_in_the_text_exist(help_output, scraped):
    flags = {flag.name for flag in operating.flags(help_output)} | {"--help", "--version"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", WITHOUT_TABLES)) <= flags
    metrics = {metric.name for metric in operating.metrics(scraped)}
    named = set(re.findall(r"\b((?:limpid|process)_[a-z_]+)\b", WITHOUT_TABLES))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= metrics


def test_every_limit_says_what_happens_beyond_it(scraped):
    explained = {name for cells in rows(section("Limits")) for name in re.findall(r"`([a-z_]+)`", cells[0])}
    assert {name for name, _ in operating.limits(scraped)} <= explained


def status_reasons_of_the_page():
    """{(status, reason)}; reason "" for a status without one."""
    return {(status, cells[1]) for cells in rows(section("Statuses"))[1:] for status in cells[0].split(", ")}


def reasons_of_the_server():
    text = (REPO / "server" / "base" / "reason.cc").read_text()
    names = re.search(r"kNames = \{(.*?)\};", text, re.DOTALL)[1]
    return set(re.findall(r'"([A-Z_]+)"', names))


def test_reasons_are_those_of_the_server():
    assert {reason for _, reason in status_reasons_of_the_page() if reason} == reasons_of_the_server()


def test_statuses_go_with_the_reasons_that_the_contract_says():
    contract = (REPO / "proto" / "limpid" / "v1" / "explain.proto").read_text()
    errors = contract.split("// Errors (google.rpc.Code)")[1].split("\npackage ")[0]
    said = set()
    for block in re.split(r"^//  \* ", errors, flags=re.MULTILINE)[1:]:
        status = block.split()[0]
        said |= {(status, reason) for reason in re.findall(r"\b[A-Z_]{6,}\b", block) if reason in reasons_of_the_server()}
    pairs = {pair for pair in status_reasons_of_the_page() if pair[1]}
    assert said - pairs == set()
    assert pairs - said <= {("INVALID_ARGUMENT", "METHOD_UNSUPPORTED")}  # the contract names it at the methods


def test_statuses_are_grpcs():
    assert {status for status, _ in status_reasons_of_the_page()} <= {code.name for code in grpc.StatusCode}
