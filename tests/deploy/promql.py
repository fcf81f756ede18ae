"""Every query under deploy/, and the names in it."""

import json
import re

import yaml

from support.paths import REPO

DEPLOY = REPO / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yaml"
DASHBOARD = DEPLOY / "grafana" / "limpid.json"

# Labels that Prometheus or its operator adds at the scrape.
SCRAPE_LABELS = {"job", "instance", "namespace", "pod", "container", "endpoint", "service"}
WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan"}


def rules() -> list:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set:
    return {rule["record"] for rule in rules() if "record" in rule}


def panel_queries() -> dict:
    """{panel, legend: query} of the dashboard."""
    return {f"{panel['title']}, {target['legendFormat']}": target["expr"]
            for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", ())}


def rule_queries() -> dict:
    return {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()}


def as_grafana_asks(query: str) -> str:
    """With all jobs and instances chosen."""
    return query.replace("$__rate_interval", "30s").replace("$job", ".*").replace("$instance", ".*")


def names(query: str) -> set:
    """Metrics and recorded series of a query."""
    bare = re.sub(r'"(\\.|[^"\\])*"', "", query)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    found = re.findall(r"(?<![\w.:])([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
    return {name for name in found if name not in WORDS and not re.fullmatch(r"\d+\w*", name)}


def selectors(query: str) -> list:
    """(name, label, operator, value) of every label matcher."""
    return [(name, *matcher) for name, inside in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", query)
            for matcher in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', inside)]
