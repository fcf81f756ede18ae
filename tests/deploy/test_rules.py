"""The rules are sound, each alert is tested, and says what to do."""

import re
import subprocess

import pytest
import yaml

from deploy import promql
from support.paths import REPO, tool

TESTS = promql.RULES.with_name("rules.test.yaml")


def promtool(*arguments):
    done = subprocess.run([tool("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_understands_them():
    promtool("check", "rules", promql.RULES)


def test_their_unit_tests_pass():
    promtool("test", "rules", TESTS)


def test_every_alert_is_seen_to_fire_and_to_be_silent():
    seen = [case for test in yaml.safe_load(TESTS.read_text())["tests"] for case in test.get("alert_rule_test", ())]
    fires = {case["alertname"] for case in seen if case["exp_alerts"]}
    silent = {case["alertname"] for case in seen if not case["exp_alerts"]}
    assert fires == silent == set(promql.alerts())


@pytest.mark.parametrize("name", promql.alerts())
def test_every_alert_has_a_severity_and_an_entry_in_the_runbook(name):
    alert = promql.alerts()[name]
    assert alert["labels"]["severity"] in ("warning", "critical") and alert["annotations"]["summary"]
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert anchor == name.lower()
    assert re.search(rf"^#+ {name}$", (REPO / page).read_text(), re.MULTILINE), f"{page} lacks a section {name}"


def test_the_runbook_knows_no_other_alerts():
    headings = re.findall(r"^### (\w+)$", (REPO / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert set(headings) == set(promql.alerts())
