"""Reads a page of Prometheus' text format from standard input with Prometheus' own parser, holds it to the conventions that
`promtool check metrics` holds pages to, and writes every sample as JSON: {"name{label=value,...}": value}."""

import json
import re
import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.read()
problems = []
samples = {}
names = set()

for family in text_string_to_metric_families(text):
    if family.name in names:
        problems.append(f"{family.name} stands twice")
    names.add(family.name)
    if not family.documentation.endswith("."):
        problems.append(f"{family.name}: no help, or no sentence")
    if family.type not in ("counter", "gauge", "histogram"):
        problems.append(f"{family.name} is a {family.type}")
    if not re.fullmatch(r"(countersign|process)_[a-z0-9_]+", family.name):
        problems.append(f"{family.name} is no name of ours")
    if family.type != "counter" and family.name.endswith("_total"):
        problems.append(f"{family.name} is no counter")
    for unit in ("milliseconds", "minutes", "kilobytes", "octets"):
        if unit in family.name:
            problems.append(f"{family.name}: base units are seconds and bytes")
    upto = -1.0
    for sample in family.samples:
        if family.type == "counter" and not sample.name.endswith("_total"):
            problems.append(f"{sample.name} is a counter without _total")
        if sample.name.endswith("_bucket"):
            if sample.value < upto:
                problems.append(f"{sample.name} falls")
            upto = sample.value
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        key = f"{sample.name}{{{labels}}}" if labels else sample.name
        if key in samples:
            problems.append(f"{key} stands twice")
        samples[key] = sample.value
    if family.type == "histogram" and samples[f"{family.name}_bucket{{le=+Inf}}"] != samples[f"{family.name}_count"]:
        problems.append(f"{family.name}: its count is not that of its last bucket")

if not text.endswith("\n"):
    problems.append("the last line has no end")
if problems:
    sys.exit("\n".join(problems))
json.dump(samples, sys.stdout)
