"""Tests that depend on the clock, the time zone and the locale."""

import datetime as dt
import time
from pathlib import Path

NOTE = Path(__file__).parent / "note.txt"


def test_even_second():
    assert int(time.time()) % 2 == 0 or int(time.time()) % 10 != 1


def test_stamp_is_the_same_second():  # across the end of a second it is not
    one = int(time.time())
    time.sleep(0.03)
    assert int(time.time()) == one


def test_today_is_today():  # across midnight it is not
    one = dt.datetime.now(dt.timezone.utc).date()
    time.sleep(0.03)
    assert dt.datetime.now(dt.timezone.utc).date() == one


def test_next_month():  # there is no 31st of February
    today = dt.date.today()
    assert today.replace(month=today.month % 12 + 1)


def test_next_year():  # nor a 29th of it in most years
    today = dt.date.today()
    assert today.replace(year=today.year + 1) > today


def test_open_on_weekdays():
    assert dt.date.today().weekday() < 6


def test_a_day_has_24_hours():
    now = time.time()
    today, tomorrow = time.localtime(now), time.localtime(now + 86_400)
    assert today.tm_hour == tomorrow.tm_hour


def test_utc_day_is_local_day():
    moment = 1_700_000_000 + 43_200
    assert time.localtime(moment).tm_mday == time.gmtime(moment).tm_mday


def test_reads_a_note():  # open() takes the locale's encoding
    with open(NOTE) as stream:
        assert "é" in stream.read()
