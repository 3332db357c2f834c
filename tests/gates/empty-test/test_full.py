"""Tests that can fail, each in its way."""

import unittest
import warnings
from unittest.mock import Mock

import pytest


def is_right(what):
    assert what == 1


def looks_right(what):
    is_right(what)


def test_by_itself():
    assert len([1]) >= 1


def test_by_a_helper_of_a_helper():
    looks_right(1)


def test_by_a_function_inside():
    def inner():
        assert True is not False

    inner()


def test_by_an_expected_failure():
    with pytest.raises(Exception, match="no"):
        raise ValueError("no")
    with pytest.raises(ValueError):
        raise ValueError("no")


def test_by_failing_where_nothing_was_raised():
    try:
        is_right(2)
    except AssertionError:
        assert True
    else:
        pytest.fail("nothing was raised")


def test_by_failing_where_something_was_raised():
    try:
        is_right(1)
    except AssertionError:
        pytest.fail("it was raised")


def test_by_a_guard():
    if is_right(1):
        raise AssertionError("it gave something")


def test_either_way():
    if is_right(1):
        assert looks_right(1)
    else:
        assert not looks_right(1)


def test_of_what_a_mock_was_asked():
    service = Mock()
    service(1)
    service.assert_called_once_with(1)


def test_that_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        is_right(1)


@pytest.mark.skipif(warnings is None, reason="nothing to warn with")
def test_skipped_for_a_reason_that_can_end():
    assert is_right(1) is None


@pytest.mark.skip(reason="waits for the new store, 2027-01-31")
def test_skipped_until_a_day():
    assert is_right(1) is None


@pytest.fixture
def test_data():
    return 1


def test_of_speed(benchmark):
    benchmark(is_right, 1)


class SomeTest(unittest.TestCase):
    def test_by_a_method(self):
        self.assertEqual(1, 1 + 0)

    def test_by_a_method_of_elsewhere(self):
        self.compares_in_its_own_way(1)


class View(UserPassesTestMixin):
    def test_func(self):
        return True


class NotATest:
    def test_like_a_method(self):
        return 1
