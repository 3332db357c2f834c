"""Tests that depend on which tests ran before them, in this process."""

import logging
import os

import pytest
import shop

# --- a polluter behind its victim, as it stands here; another order shows it


def test_price_is_what_it_costs():  # victim of test_debug_mode_is_free
    assert shop.price(10.0) == 10.0


def test_debug_mode_is_free():
    shop.CONFIG["mode"] = "debug"
    assert shop.price(10.0) == 0.0


def test_region_is_europe():  # victim of test_region_from_environment
    assert shop.region() == "eu"


def test_region_from_environment():
    os.environ["SHOP_REGION"] = "us"
    assert shop.region() == "us"


def test_warning_is_logged(caplog):  # victim of test_quiet
    logging.getLogger("shop").warning("low stock")
    assert "low stock" in caplog.text


def test_quiet():
    logging.disable(logging.CRITICAL)
    assert not logging.getLogger("shop").isEnabledFor(logging.ERROR)


# --- two polluters together


def test_handlers_do_not_clash():  # victim of the next two, when both ran
    assert len(shop.HANDLERS) < 3


def test_registers_mail():
    shop.HANDLERS.append("mail")
    assert "mail" in shop.HANDLERS


def test_registers_sms():
    shop.HANDLERS.append("sms")
    assert "sms" in shop.HANDLERS


# --- needs what another one sets: passes here, fails alone


def test_loads_currencies():
    shop.CURRENCIES["usd"] = 1.25
    assert shop.CURRENCIES


def test_converts():  # brittle: needs test_loads_currencies
    assert shop.in_currency(4.0, "usd") == 5.0


# --- fails the second time


def test_first_visit_is_new():
    assert "anna" not in shop.SEEN
    shop.SEEN.append("anna")


@pytest.fixture(scope="module")
def basket():
    return []


def test_basket_begins_empty(basket):
    basket.append("book")
    assert len(basket) == 1
