"""Reads metrics as Prometheus' own strict OpenMetrics parser does, and prints the families."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    print(family.name)
