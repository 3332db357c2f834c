"""What is plugged in: found by entry point, built by what its constructor asks for, asked for by name."""
