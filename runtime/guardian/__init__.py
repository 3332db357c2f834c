"""What may run: rollout percentages, kill-switches, brownout drills. What cannot be read is off, and says so."""
