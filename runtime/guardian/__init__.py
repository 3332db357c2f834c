"""What may run: rollout percentages, kill-switches, brownout drills. Everything that cannot be read is off, and says so."""
