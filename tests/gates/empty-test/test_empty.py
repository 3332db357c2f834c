"""Tests that cannot fail."""

import contextlib
import unittest
from contextlib import suppress
from unittest import skip
from unittest.mock import AsyncMock, MagicMock, Mock

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


def test_by_a_function_inside_that_nobody_calls():  # finds
    def inner():
        assert does(1) == 2

    does(1)


def test_that_swallows_what_it_asserts():
    try:
        assert does(1) == 2
    except AssertionError:  # finds
        pass


def test_that_swallows_any_failure():
    try:
        assert does(1) == 2
    except Exception as error:  # finds
        print(error)
    try:
        assert does(1) == 2
    except (ValueError, BaseException):  # finds
        return
    try:
        assert does(1) == 2
    except:  # finds
        ...


def test_that_suppresses_what_it_asserts():
    with suppress(AssertionError):  # finds
        assert does(1) == 2
    with contextlib.suppress(ValueError, Exception):  # finds
        assert does(1) == 2


def test_of_constants():
    assert 1 == 1  # finds
    assert not False  # finds
    assert "a" in "abc"  # finds


def test_of_lengths():
    assert 0 <= len(does([]))  # finds
    assert len(does([])) > -1  # finds
    assert -1 < len(does([]))  # finds


def test_of_displays():
    assert [does(1) == 2]  # finds
    assert {"it": does(1)}  # finds
    assert (each == 2 for each in does([1]))  # finds
    assert lambda: does(1) == 2  # finds


def test_of_one_thing():
    seen = does(1)
    assert seen is seen  # finds


def test_of_one_value():
    seen = does(1)
    assert seen == seen  # finds


def test_of_what_several_mocks_were_told():
    service = MagicMock()
    service.get.return_value = 3
    assert service.get() == 3  # finds
    other: Mock = Mock(return_value=4)
    seen = other("anything")
    assert seen == 4  # finds


async def test_of_what_a_mock_was_told_to_give_later():
    service = AsyncMock(return_value=3)
    assert await service() == 3  # finds


def test_of_any_of_all_failures():
    with pytest.raises((ValueError, Exception)):  # finds
        does(1)
    with pytest.raises(expected_exception=Exception):  # finds
        does(1)
    with pytest.raises(Exception, match=""):  # finds
        does(1)
    with pytest.raises(Exception) as info:  # finds
        does(1)
    print(info.value)
    with pytest.raises(Exception) as info:
        does(2)
    assert info.type is ValueError


def test_under_two_conditions():
    if does(1):  # finds
        assert does(2) == 2
    if does(3):
        assert does(4) == 4


def test_under_a_condition_that_says_only_that_it_was_not():
    if does(1):  # finds
        assert does(2) == 2
    else:
        print("not there")


def test_under_a_condition_inside():
    with open("something"):
        if does(1):  # finds
            assert does(2) == 2


def test_that_skips_itself():
    pytest.skip()  # finds
    assert does(1) == 1


def test_that_skips_itself_for_nothing():
    pytest.skip(" ")  # finds


def test_that_skips_itself_for_ever():
    pytest.skip("later")  # finds


@skip("later")  # finds
def test_that_is_skipped_by_an_imported_name():
    assert does(1) == 1


@pytest.mark.skip  # finds
class TestTogether:
    def test_one(self):
        assert does(1) == 1

    def test_nothing(self):
        does(1)


class TestMarked:
    pytestmark = [pytest.mark.slow, pytest.mark.skip(reason="later")]  # finds

    def test_one(self):
        assert does(1) == 1


class SomeTest(unittest.TestCase):
    def test_that_skips_itself(self):
        self.skipTest("later")  # finds

    def test_that_raises_a_skip(self):
        raise unittest.SkipTest("later")  # finds

    def test_of_one_thing(self):
        seen = does(1)
        self.assertEqual(seen, seen)  # finds

    def test_of_constants(self):
        self.assertFalse(False)  # finds
        self.assertGreaterEqual(len(does([])), 0)  # finds
        self.assertEqual(1, 1)  # finds

    def test_of_a_mock(self):
        service = Mock(return_value=3)
        self.assertEqual(service(), 3)  # finds
        self.assertEqual(3, service())  # finds

    def test_of_any_failure(self):
        with self.assertRaises(Exception):  # finds
            does(1)
        with self.assertRaisesRegex(Exception, ""):  # finds
            does(1)

    def test_that_swallows_what_it_asserts(self):
        try:
            self.assertEqual(does(1), 2)
        except AssertionError:  # finds
            pass

    def test_of_nothing(self):  # finds
        does(1)

    def test_of_truth(self):
        self.assertTrue(True)  # finds
