"""What timings can be told from: tests that decide, bounds that hold, and the recording that they are about."""
