#!/usr/bin/env python3
"""Rewrites the tables of OPERATING.md that the binaries know better: flags, metrics, limits. `make docs` runs it.

Each stands between `<!-- begin NAME -->` and `<!-- end NAME -->`. tests/integration/test_operating_page.py fails while the
page differs from what this writes.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests"))

from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server, binary

PAGE = REPO / "OPERATING.md"
# Labels whose values are a closed set that is there from the start; of others the page gives the name only.
CLOSED_LABELS = ("beats_random", "direction", "outcome", "reason", "stage", "cause")

# "  --listen HOST:PORT=127.0.0.1:50051 (Env:LIMPID_LISTEN) what it means", the last perhaps on lines of its own.
OPTION = re.compile(r"^  (?P<name>--[\w-]+) (?P<value>\S+?)(?:=(?!\])(?P<default>\S+))?(?: \.\.\.)?(?P<required> REQUIRED)?"
                    r" \(Env:(?P<environment>\w+)\)(?: Needs:(?P<needs>(?: --[\w-]+)+))?(?P<help>.*)$")


@dataclass
class Flag:
    name: str  # --listen
    value: str  # HOST:PORT
    default: str
    environment: str
    help: str
    needs: list  # other flags


@dataclass
class Metric:
    name: str
    kind: str
    help: str
    labels: dict  # name -> values seen


def help_text() -> str:
    return subprocess.run([binary("limpid-server"), "--help"], capture_output=True, text=True, check=True).stdout


def flags(text: str) -> list:
    """From the output of --help, in its order."""
    found = []
    for line in text.splitlines():
        option = OPTION.match(line)
        if option:
            default = "required" if option["required"] else option["default"] or ""
            found.append(Flag(option["name"], option["value"], default, option["environment"], option["help"].strip(),
                              (option["needs"] or "").split()))
        elif found and line.startswith(" " * 20):
            found[-1].help = f"{found[-1].help} {line.strip()}".strip()
    return found


def metrics(text: str) -> list:
    """From a scrape, in order of the name."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, described = line.split(" ", 3)
            found[name] = Metric(name, "", described, {})
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            found[name].kind = kind
        else:
            series = line.split("{")[0].split(" ")[0]
            name = next(n for n in (series, re.sub(r"_(bucket|sum|count)$", "", series)) if n in found)
            for label, value in re.findall(r'(\w+)="([^"]*)"', line):
                if label not in ("le", "quantile"):
                    found[name].labels.setdefault(label, set()).add(value)
    return [found[name] for name in sorted(found)]


def limits(text: str) -> list:
    """(name, value) of limpid_config_limit, from a scrape."""
    found = re.findall(r'^limpid_config_limit{name="(\w+)"} (\S+)$', text, re.MULTILINE)
    return sorted((name, f"{float(value):g}" if float(value) < 1e5 else f"{float(value):.0f}") for name, value in found)


def scrape() -> str:
    """/metrics of a server with default limits that has answered once, so that every family shows."""
    with Server({"demo": DEMO}) as server, Client(server.address) as client:
        client.explain(pb.ExplainRequest(input=pb.Input(text="a text"), methods=[pb.Method(saliency=pb.Saliency())],
                                         quality=pb.Quality(metrics=[pb.Quality.METRIC_DELETION])))
        return server.metrics()


def table(head: list, rows: list) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def flags_table(found: list) -> str:
    def meaning(flag):
        needs = ", ".join(map(code, flag.needs))
        return f"{flag.help} (needs {needs})" if needs else flag.help

    rows = [[code(flag.name), code(flag.value), code(flag.default), code(flag.environment), meaning(flag)]
            for flag in found]
    return table(["flag", "value", "default", "environment", "meaning"], rows)


def metrics_table(found: list) -> str:
    def labels(metric):
        closed = [f"`{name}` = {', '.join(sorted(values))}" if name in CLOSED_LABELS else f"`{name}`"
                  for name, values in sorted(metric.labels.items())]
        return "; ".join(closed)

    return table(["metric", "type", "labels", "meaning"],
                 [[code(metric.name), metric.kind, labels(metric), metric.help] for metric in found])


def limits_table(found: list, known_flags: list) -> str:
    names = {flag.name for flag in known_flags}

    def flag_of(limit):
        flag = "--" + limit.replace("_", "-")
        return code(flag) if flag in names else "fixed"

    return table(["`limpid_config_limit{name=…}`", "default", "set by"],
                 [[code(name), value, flag_of(name)] for name, value in found])


def rewritten(page: str, help_output: str, scraped: str) -> str:
    """The page with its generated tables as the binaries have them now."""
    found = flags(help_output)
    made = {"flags": flags_table(found), "metrics": metrics_table(metrics(scraped)),
            "limits": limits_table(limits(scraped), found)}
    for name, text in made.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        assert found_begin and found_end, f"{PAGE.name} lacks {begin} or {end}"
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def main():
    page = PAGE.read_text()
    PAGE.write_text(rewritten(page, help_text(), scrape()))
    print(f"{PAGE.name}: {'unchanged' if PAGE.read_text() == page else 'rewritten'}")


if __name__ == "__main__":
    main()
