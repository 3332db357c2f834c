"""Tests that depend on randomness, on the order of sets, on addresses or on the number of the process."""

import os
import random
import uuid

import shop


def test_discount_is_small():  # fails for 3 seeds in 10
    assert random.random() >= 0.3


def test_rare_prize_is_not_drawn():  # fails for 1 seed in 20
    assert random.random() >= 0.05


def test_own_generator():  # fails 1 time in 5, whatever random.seed says
    assert random.Random().random() >= 0.2


def test_token_begins_with_a_letter_or_low_digit():  # fails 1 time in 8
    assert str(uuid.uuid4())[0] not in "78"


def test_tags_in_order():
    assert shop.tags("alpha beta gamma") == ["alpha", "beta", "gamma"] or shop.tags("alpha beta")[0] == "alpha"


def test_largest_word_first():  # which of equals comes first is the set's to say
    words = {"abc", "bca", "cab", "bac"}
    assert max(words, key=len) in ("abc", "bca", "cab")


def test_number_of_the_process():  # nothing that can be held still
    assert os.getpid() % 3
