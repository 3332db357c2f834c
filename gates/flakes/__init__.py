"""Tests that pass and fail with the same code: found, traced to what they depend on, kept in a recording.

Nothing of this judges; `gates flakes` makes the recording that the gate flaky-test reads.
"""
