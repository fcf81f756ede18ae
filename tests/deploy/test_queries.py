"""Dashboard and rules ask only for what a server has."""

import re

import pytest

from deploy import promql

QUERIES = {**promql.panel_queries(), **promql.rule_queries()}


@pytest.fixture(scope="module")
def series(scraped):
    """{series: {label: values}}"""
    found = {}
    for name, described in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", scraped, re.MULTILINE):
        labels = found.setdefault(name, {})
        for label, value in re.findall(r'(\w+)="([^"]*)"', described):
            labels.setdefault(label, set()).add(value)
    return found


def test_names_are_found_in_a_query():
    query = 'sum by (le, rpc) (rate(a_bucket{rpc="x", le=~".+"}[5m] offset 1h)) / ignoring (name) (a:b:rate5m > 0.5) or up'
    assert promql.names(query) == {"a_bucket", "a:b:rate5m", "up"}
    assert promql.selectors(query) == [("a_bucket", "rpc", "=", "x"), ("a_bucket", "le", "=~", ".+")]


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_metric_exists(query, series):
    names = promql.names(query)
    assert names or query.startswith("vector("), query
    assert names - set(series) - promql.recorded() - {"up"} == set()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_label_exists_and_has_the_values_that_are_asked_for(query, series):
    for name, label, operator, value in promql.selectors(query):
        if label in promql.SCRAPE_LABELS:
            continue
        assert label in series[name], f"{name} has no label {label}"
        # Codes come when they occur; all other label values are there from the start.
        if label != "code" and operator in ("=", "=~"):
            known = series[name][label]
            missing = [one for one in value.split("|") if not any(re.fullmatch(one, other) for other in known)]
            assert not missing, f"{name}{{{label}}} is never one of {missing}"


def test_every_metric_of_the_server_is_shown_or_known_to_be_left_out(scraped):
    """A new metric is put on the dashboard or into this list."""
    left_out = {"process_virtual_memory_bytes", "process_start_time_seconds"}
    families = set(re.findall(r"^# TYPE (\w+) ", scraped, re.MULTILINE))
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for query in promql.panel_queries().values()
             for name in promql.names(query)}
    hidden = {family for family in families - shown if not family.startswith("exposer_")}
    assert hidden == left_out
