"""Tests that can fail, each in its way."""

import unittest
import warnings
from contextlib import contextmanager, suppress
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
        assert len([1]) == 1

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


def test_of_what_it_caught_and_tells():
    try:
        assert looks_right(1) is None
    except Exception as error:
        raise RuntimeError("it does not look right") from error


def test_of_what_was_to_fail():
    try:
        assert looks_right(2) is None
        pytest.fail("it looks right")
    except AssertionError:
        pass


def test_of_what_fails_below():
    failed = False
    try:
        assert looks_right(2) is None
    except AssertionError:
        failed = True
    assert failed


def test_of_what_comes_in_time():
    for _ in range(3):
        try:
            assert looks_right(1) is None
        except AssertionError:
            pass
        else:
            break


def test_of_another_failure():
    try:
        assert looks_right(1) is None
    except ValueError:
        pass
    with suppress(ValueError):
        assert looks_right(1) is None


def test_by_a_function_that_is_handed_on():
    def inner():
        assert len([1]) == 1

    map(inner, [1])


def test_by_a_function_that_is_found_by_name():
    def inner():
        assert len([1]) == 1

    map(locals()["inner"], [1])


def test_by_a_function_for_all():
    global checked_later

    def checked_later():
        assert len([1]) == 1


def test_of_what_cannot_be_compared():
    assert 1 < "a"


def test_that_a_mock_gives_nothing_else():
    service = Mock(return_value=7)
    assert service() != 8


def test_of_what_a_mock_passes_on():
    service = Mock(wraps=looks_right)
    service.return_value = 7
    assert service(1) == 7


@pytest.mark.parametrize("one", [1, 2])
def test_of_an_implication(one):
    if one > 1:
        assert len([1]) < one


def test_of_equality_with_itself():
    one = looks_right(1)
    assert one == one


def test_of_itself():
    one = looks_right(1)
    assert one == one
    assert one != 2


def test_of_what_is_asked_twice():
    one = looks_right
    assert one(1) == one(1)
    assert one.__name__ is one.__name__
    assert [*map(one, [1])]
    assert len([1]) >= 1
    assert len([1]) > 0
    assert 0 < len([1])


def configure(what):
    what.return_value = 7


def test_of_what_somebody_else_told_a_mock():
    service = Mock()
    configure(service)
    assert service() == 7


def test_of_what_a_mock_is_told_to_do():
    service = Mock(return_value=7)
    service.side_effect = looks_right
    assert service(1) == 7


def test_of_a_mock_that_is_told_something_else():
    service = Mock()
    service.return_value = 7
    service.return_value = 8
    assert service() == 8


def test_of_any_failure_that_is_looked_at():
    with pytest.raises(Exception) as info:
        raise ValueError("negative")
    assert info.type is ValueError
    with pytest.raises(Exception) as info:
        raise ValueError("negative")
    message = str(info.value)
    assert "neg" in message
    with pytest.raises(Exception) as info:
        raise ValueError("negative")
    info.match("neg")
    with pytest.raises((ValueError, TypeError)):
        raise ValueError("negative")


def test_of_either_condition():
    if looks_right(1):
        assert looks_right(1)
    if not looks_right(1):
        assert not looks_right(1)


def test_of_cases(what):
    if what == 1:
        assert looks_right(1)
    if what > 1:
        assert not looks_right(1)


def test_of_either_side_inside():
    with warnings.catch_warnings():
        if len([1]):
            assert len([1]) == 1
        elif looks_right(1):
            pytest.fail("it is empty")
        looks_right(1)


def test_under_a_condition_and_by_a_helper():
    looks_right(1)
    if len([1]):
        assert len([1]) == 1


def test_under_a_condition_or_by_a_helper():
    if len([1]):
        assert len([1]) == 1
    elif len([2]):
        assert len([2]) == 1
    else:
        looks_right(1)


@contextmanager
def looked_at():
    yield
    looks_right(1)


def test_under_a_condition_and_by_what_is_around_it():
    with looked_at():
        if len([1]):
            assert len([1]) == 1


def test_that_skips_itself_on_a_condition():
    if not looks_right(1):
        pytest.skip("it does not look right")
    assert looks_right(1) is None


def test_that_skips_itself_where_nothing_was_found():
    for each in [1]:
        if looks_right(each):
            return
    pytest.skip("none looks right")


def test_that_skips_itself_until_a_day():
    pytest.skip("waits for the new store, 2027-01-31")


@pytest.mark.skip("waits for the new store, 2027-01-31")
class TestTogether:
    def test_one(self):
        assert looks_right(1) is None


@pytest.mark.skip
class Tool:
    pass


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

    def test_of_any_failure_that_is_looked_at(self):
        with self.assertRaises(Exception) as caught:
            raise ValueError("negative")
        self.assertIn("neg", str(caught.exception))

    def test_by_a_method_of_elsewhere(self):
        self.compares_in_its_own_way(1)

    def test_by_a_method_that_is_handed_on(self):
        map(self.is_even, [1])

    def is_even(self, what):
        if what % 2:
            raise ValueError(what)


class View(UserPassesTestMixin):
    def test_func(self):
        return True


class NotATest:
    def test_like_a_method(self):
        return 1
