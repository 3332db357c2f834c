"""Tests that cannot fail."""

import unittest
from unittest.mock import Mock

import pytest


def does(what):
    return what


def test_nothing():  # finds
    does(1)


def test_nothing_by_way_of_a_helper():  # finds
    does(does(1))


def test_of_a_tuple():
    assert (does(1) == 2, "they differ")  # finds


def test_of_a_length():
    assert len(does([])) >= 0  # finds


def test_of_one_or_the_other():
    seen = does(1)
    assert seen or not seen  # finds
    assert seen == 1 or (seen, 2)  # finds


def test_under_an_exception():
    try:
        does(1)
    except ValueError as error:  # finds
        assert str(error) == "no"


def test_under_a_condition():
    if does(1):  # finds
        assert does(2) == 2


def test_of_what_a_mock_was_told():
    service = Mock(return_value=3)
    assert service() == 3  # finds


def test_of_any_failure():
    with pytest.raises(Exception):  # finds
        does(1)


@pytest.mark.skip  # finds
def test_that_is_not_run():
    assert does(1) == 1


@pytest.mark.skip(reason="later")  # finds
def test_that_is_never_run():
    assert does(1) == 1


@pytest.mark.skipif(True, reason="later")  # finds
def test_that_is_skipped_whatever_happens():
    assert does(1) == 1


class SomeTest(unittest.TestCase):
    def test_of_nothing(self):  # finds
        does(1)

    def test_of_truth(self):
        self.assertTrue(True)  # finds
