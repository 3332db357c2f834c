"""Victims and polluters of the process itself; last, so that nothing else comes after them as it stands."""

import os
import time


def test_files_are_relative():  # victim of test_reads_in_another_folder
    assert os.path.exists("conftest.py")


def test_reads_in_another_folder(tmp_path):
    os.chdir(tmp_path)
    assert os.listdir() == []


def test_clock_runs():  # victim of test_with_a_stopped_clock
    assert time.time() > 1.0


def test_with_a_stopped_clock():
    time.time = lambda: 0.0
    assert time.time() == 0.0
