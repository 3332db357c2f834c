"""What a service promises and says about itself: objectives, the catalogue of its telemetry, rules, uses, a run."""
