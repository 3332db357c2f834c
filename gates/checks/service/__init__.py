"""What a running service is asked: its telemetry, its alerts, its plugins."""
