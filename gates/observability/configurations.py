"""What the servers beside the service are told: Prometheus, Alertmanager, and the OpenTelemetry collector."""

from __future__ import annotations

from typing import Any

from gates.facts.observability.objectives import ObjectivesPolicy

# The collector's components by the names that they have since its release 0.144 (January 2026). Those of before are
# aliases that go: otlp and otlphttp; and gone already: logging, jaeger, opencensus, the extension memory_ballast.
SPANS_BY_GRPC, SPANS_TO_LOG = "otlp_grpc", "debug"


def prometheus(policy: ObjectivesPolicy, rule_file: str) -> dict[str, Any]:
    """prometheus.yml: whom to ask how they are, by which rules to judge it, and whom to tell."""
    return {
        "global": {"scrape_interval": "15s", "scrape_timeout": "10s", "evaluation_interval": "15s"},
        "rule_files": [rule_file],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(policy.alertmanagers)}]}]},
        "scrape_configs": [{"job_name": policy.service, "static_configs": [{"targets": list(policy.targets)}]}],
    }


def alertmanager(policy: ObjectivesPolicy) -> dict[str, Any]:
    """alertmanager.yml: pages to one, tickets to another. What has no severity is a ticket: it is lost nowhere."""
    by_severity = {receiver.severity: receiver for receiver in policy.receiver}
    routes = [
        {
            "matchers": [f'severity="{severity}"'],
            "receiver": severity,
            "group_wait": receiver.wait,
            "group_interval": receiver.wait,
            "repeat_interval": receiver.repeat,
        }
        for severity, receiver in by_severity.items()
    ]
    return {
        "route": {"receiver": "ticket", "group_by": ["alertname", "sloth_id", "severity"], "routes": routes},
        "receivers": [
            {"name": severity, "webhook_configs": [{"url": receiver.webhook, "send_resolved": True}]}
            for severity, receiver in by_severity.items()
        ],
    }


def collector() -> dict[str, Any]:
    """The collector's configuration: OTLP in by gRPC and HTTP; on to whatever LUKHAS_TRACES names, and told of.

    The memory limiter comes first, so that what there is no room for is refused before it is worked on, and whoever
    sent it knows; batching comes last.
    """
    return {
        "receivers": {
            "otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:4317"}, "http": {"endpoint": "127.0.0.1:4318"}}}
        },
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": 512, "spike_limit_mib": 128},
            "batch": {"timeout": "1s", "send_batch_size": 512, "send_batch_max_size": 2048},
        },
        "exporters": {
            SPANS_BY_GRPC: {"endpoint": "${env:LUKHAS_TRACES}", "tls": {"insecure": True}},
            SPANS_TO_LOG: {"verbosity": "basic"},
        },
        "service": {
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": [SPANS_BY_GRPC, SPANS_TO_LOG],
                }
            }
        },
    }
