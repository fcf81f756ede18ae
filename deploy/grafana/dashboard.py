#!/usr/bin/env python3
"""Writes limpid.json, the Grafana dashboard, from the table below. `make lint-deploy` fails while the file differs.

    python3 deploy/grafana/dashboard.py [--check]
"""

import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).with_name("limpid.json")
WIDTH, HEIGHT, COLUMNS = 8, 7, 3
# Of one replica, or of all together: the variables `job` and `instance` choose.
S = '{job=~"$job", instance=~"$instance"}'


def having(matchers):
    return S[:-1] + ", " + matchers + "}"


def rate(name, matchers=""):
    return f"rate({name}{having(matchers) if matchers else S}[$__rate_interval])"


def quantile(q, name, by="le", matchers=""):
    return f"histogram_quantile({q}, sum by ({by}) ({rate(name + '_bucket', matchers)}))"


def mean(name):
    return f"sum({rate(name + '_sum')}) / (sum({rate(name + '_count')}) > 0)"


def limit(name):
    return f"max(limpid_config_limit{having(f'name={chr(34)}{name}{chr(34)}')})"


EXPLAIN = 'rpc="Explain", code="OK"'
BEATS = 'beats_random="true"'
DURATION = "limpid_grpc_request_duration_seconds"

# (row, [(title, unit, what it tells, {legend: query})]); units are Grafana's.
ROWS = [
    ("Load", [
        ("Calls by RPC", "reqps", "Calls that arrive.",
         {"{{rpc}}": f"sum by (rpc) ({rate('limpid_grpc_requests_started_total')})"}),
        ("Calls by status", "reqps", "Calls that ended.",
         {"{{code}}": f"sum by (code) ({rate('limpid_grpc_requests_total')})"}),
        ("Under way", "short", "Requests and open streams at this moment.",
         {"requests": f"sum(limpid_inflight_requests{S})", "streams": f"sum(limpid_streams{S})"}),
        ("Tokens read", "short", "Tokens a second that the engine reads, by model.",
         {"{{model}}": f"sum by (model) ({rate('limpid_tokens_total')})"}),
        ("Passes", "short", "Sequences a second through the model; backward ones are gradients.",
         {"{{direction}}": f"sum by (direction) ({rate('limpid_model_passes_total')})"}),
        ("Bytes", "Bps", "Messages in and out.",
         {"in": f"sum({rate('limpid_grpc_request_bytes_sum')})", "out": f"sum({rate('limpid_grpc_response_bytes_sum')})"}),
    ]),
    ("Objectives", [
        ("Calls that failed", "percentunit", "Against the budget of availability; recorded by the rules.",
         {"5 minutes": 'limpid:slo_availability:error_ratio5m{job=~"$job"}',
          "1 hour": 'limpid:slo_availability:error_ratio1h{job=~"$job"}',
          "3 days": 'limpid:slo_availability:error_ratio3d{job=~"$job"}', "budget": "limpid:slo_availability:budget"}),
        ("Explanations over 1 s", "percentunit", "Against the budget of latency; recorded by the rules.",
         {"30 minutes": 'limpid:slo_latency:error_ratio30m{job=~"$job"}',
          "6 hours": 'limpid:slo_latency:error_ratio6h{job=~"$job"}',
          "3 days": 'limpid:slo_latency:error_ratio3d{job=~"$job"}', "budget": "limpid:slo_latency:budget"}),
        ("Replicas", "short", "Those that take requests, and those that are being stopped.",
         {"ready": f"sum(limpid_ready{S})", "draining": f"sum(limpid_draining{S})"}),
    ]),
    ("Latency", [
        ("Explain", "s", "From a call's arrival to its status, where that is OK.",
         {f"p{round(q * 100)}": quantile(q, DURATION, matchers=EXPLAIN) for q in (0.5, 0.9, 0.99)}),
        ("First message of Explain", "s", "The prediction leaves before the gradients are computed.",
         {f"p{round(q * 100)}": quantile(q, "limpid_time_to_first_message_seconds", matchers='rpc="Explain"')
          for q in (0.5, 0.99)}),
        ("p99 by RPC", "s", "All statuses.", {"{{rpc}}": quantile(0.99, DURATION, "le, rpc")}),
        ("p50 by stage", "s", "Where the time of a request goes.",
         {"{{stage}}": quantile(0.5, "limpid_stage_duration_seconds", "le, stage")}),
        ("p99 by stage", "s", "Runbook, “latency rises”, says what each means.",
         {"{{stage}}": quantile(0.99, "limpid_stage_duration_seconds", "le, stage")}),
        ("Share of time by stage", "percentunit", "Sums of seconds, so that rare long ones count.",
         {"{{stage}}": f"sum by (stage) ({rate('limpid_stage_duration_seconds_sum')}) / "
                       f"scalar(sum({rate('limpid_stage_duration_seconds_sum')}))"}),
    ]),
    ("Queue and batches", [
        ("Tokens waiting", "short", "Of the fullest replica, beside the limit at which requests are refused.",
         {"waiting": f"max(limpid_queue_tokens{S})", "limit": limit("max_queue_tokens")}),
        ("Rows and row groups waiting", "short", "Sequences, and the groups of them that one round of a method asks for.",
         {"rows": f"sum(limpid_queue_rows{S})", "groups": f"sum(limpid_queue_requests{S})"}),
        ("Wait", "s", "Expected for a request admitted now, longest when the last batch began, and the limit of the first.",
         {"expected": f"max(limpid_queue_expected_seconds{S})", "longest": f"max(limpid_queue_oldest_seconds{S})",
          "limit": limit("max_queue_seconds")}),
        ("Fill of a batch", "percentunit", "Tokens of a batch over --max-batch-tokens.",
         {"mean": mean("limpid_batch_fill_ratio"), "p90": quantile(0.9, "limpid_batch_fill_ratio")}),
        ("Size of a batch", "short", "Means.", {"rows": mean("limpid_batch_rows"), "tokens": mean("limpid_batch_tokens")}),
        ("Batches", "short", "Batches a second; those that failed and were run again row by row.",
         {"{{model}}": f"sum by (model) ({rate('limpid_batches_total')})",
          "split": f"sum({rate('limpid_batch_splits_total')})"}),
    ]),
    ("Refusals and losses", [
        ("Refused", "reqps", "Before anything was computed, by reason.",
         {"{{reason}}": f"sum by (reason) ({rate('limpid_admission_rejected_total')})"}),
        ("Dropped", "reqps", "Requests that ended before their answer.",
         {"{{cause}} in {{stage}}": f"sum by (cause, stage) ({rate('limpid_dropped_total')})"}),
        ("Retries seen", "reqps", "Calls that their client had tried before.",
         {"{{rpc}}": f"sum by (rpc) ({rate('limpid_retries_seen_total')})"}),
    ]),
    ("Explanations", [
        ("By method", "short", "Explanations a second.",
         {"{{method}}": f"sum by (method) ({rate('limpid_explanations_total')}) > 0"}),
        ("Outcome", "percentunit", "Partial: the deadline came first, and the request allowed that.",
         {"{{outcome}}": f"sum by (outcome) ({rate('limpid_explanations_total')}) / "
                         f"scalar(sum({rate('limpid_explanations_total')}))"}),
        ("Better than chance", "percentunit",
         "Of the quality metrics that requests asked for, those that beat random orders of the same text.",
         {"{{method}}": f"sum by (method) ({rate('limpid_explanation_quality_total', BEATS)}) / "
                        f"sum by (method) ({rate('limpid_explanation_quality_total')})"}),
        ("Canaries", "short", "Known explanations that came out wrong, in the last hour.",
         {"{{model}}": f"sum by (model) (increase(limpid_canary_failures_total{S}[1h]))"}),
        ("Canary's time", "s", "Wait included.", {"{{model}}": f"max by (model) (limpid_canary_seconds{S})"}),
        ("Models loaded", "short", "Replicas that serve a model; a second line of one model is a rollout.",
         {"{{model}} {{weights_sha}}": f"count by (model, weights_sha) (limpid_model_info{S})",
          "{{model}} loaded": f"sum by (model) (limpid_model_loaded{S})"}),
        ("Loading", "s", "How long the last load took.", {"{{model}}": f"max by (model) (limpid_model_load_seconds{S})"}),
    ]),
    ("Device and process", [
        ("Device busy", "percentunit", "Share of the time in which a batch runs.",
         {"{{instance}}": f"sum by (instance) ({rate('limpid_compute_seconds_total')})"}),
        ("Speed while busy", "percentunit", "Of what a large fp32 matrix product reached at start.",
         {"{{instance}}": f"sum by (instance) ({rate('limpid_compute_flops_total')}) / sum by (instance) "
                          f"({rate('limpid_compute_seconds_total')} > 0) / sum by (instance) (limpid_device_peak_flops{S})"}),
        ("Age of the running batch", "s", "Liveness ends at the limit.",
         {"{{instance}}": f"limpid_batch_age_seconds{S}", "limit": limit("watchdog_seconds")}),
        ("Memory", "bytes", "Resident.", {"{{instance}}": f"process_resident_memory_bytes{S}"}),
        ("Answers that have not left", "bytes", "Reserved for them, and the limit.",
         {"{{instance}}": f"limpid_answer_bytes{S}", "limit": limit("max_answer_bytes")}),
        ("CPU", "short", "Cores in use.", {"{{instance}}": rate("process_cpu_seconds_total")}),
        ("Descriptors", "percentunit", "Open, of those allowed.",
         {"{{instance}}": f"process_open_fds{S} / process_max_fds{S}"}),
        ("Up since", "s", "Time since the start.", {"{{instance}}": f"limpid_uptime_seconds{S}"}),
        ("Versions", "short", "Replicas by version.", {"{{version}}": f"count by (version) (limpid_build_info{S})"}),
    ]),
]


def panel(number, title, unit, description, queries, x, y):
    source = {"type": "prometheus", "uid": "${datasource}"}
    targets = [{"refId": chr(ord("A") + i), "datasource": source, "expr": query, "legendFormat": legend}
               for i, (legend, query) in enumerate(queries.items())]
    dashed = {"matcher": {"id": "byRegexp", "options": "limit|budget"},
              "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                             {"id": "custom.fillOpacity", "value": 0}]}
    return {"id": number, "type": "timeseries", "title": title, "description": description, "datasource": source,
            "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 8, "showPoints": "never"}},
                            "overrides": [dashed]},
            "options": {"tooltip": {"mode": "multi", "sort": "desc"}, "legend": {"displayMode": "list", "placement": "bottom"}},
            "targets": targets}


def panels():
    made, y = [], 0
    for row, contents in ROWS:
        made.append({"id": len(made) + 1, "type": "row", "title": row, "collapsed": False, "panels": [],
                     "gridPos": {"x": 0, "y": y, "w": WIDTH * COLUMNS, "h": 1}})
        y += 1
        for i, content in enumerate(contents):
            made.append(panel(len(made) + 1, *content, x=WIDTH * (i % COLUMNS), y=y + HEIGHT * (i // COLUMNS)))
        y += HEIGHT * -(-len(contents) // COLUMNS)
    return made


def variable(name, query):
    return {"name": name, "label": name.capitalize(), "type": "query", "query": query, "refresh": 2, "includeAll": True,
            "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "sort": 1,
            "datasource": {"type": "prometheus", "uid": "${datasource}"}}


def dashboard():
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {"uid": "limpid", "title": "Limpid", "tags": ["limpid"], "schemaVersion": 39, "version": 1, "editable": True,
            "timezone": "browser", "refresh": "30s", "time": {"from": "now-1h", "to": "now"}, "graphTooltip": 1,
            "templating": {"list": [source, variable("job", "label_values(limpid_build_info, job)"),
                                    variable("instance", 'label_values(limpid_build_info{job=~"$job"}, instance)')]},
            "annotations": {"list": []}, "panels": panels()}


def main():
    text = json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        same = OUTPUT.exists() and OUTPUT.read_text() == text
        if not same:
            print(f"{OUTPUT.name} is not what {Path(__file__).name} writes: run it")
        return 0 if same else 1
    OUTPUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
