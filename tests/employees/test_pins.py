from datetime import date
from unittest import mock

import bcrypt
import pytest

from employees import pins
from employees.pins import Weak, check_pin, hash_pin, random_pin, weakness

pytestmark = pytest.mark.once
NUMBER = 4711
HIRED = date(2024, 3, 9)
CHEAP = bcrypt.hashpw(b"7391", bcrypt.gensalt(4)).decode()
CASES = {
    "right, hashed": ("7391", CHEAP, True),
    "right, as an older library hashed it": ("7391", CHEAP.replace("$2b$", "$2a$"), True),
    "right, in plain text": ("7391", "7391", True),
    "wrong, hashed": ("7392", CHEAP, False),
    "wrong, in plain text": ("7392", "7391", False),
    "nobody's": ("7391", None, False),
    "empty in the row": ("7391", "", False),
    "a hash that was cut off": ("7391", "$2b$10$abc", False),
    "a hash with an impossible cost": ("7391", "$2b$99$" + "a" * 53, False),
    "nothing typed": ("", CHEAP, False),
    "nothing typed, nothing kept": ("", "", False),
    "letters": ("seven", "seven", False),
    "the hash itself": (CHEAP, CHEAP, False),
    "too long for bcrypt": ("7" * 100, CHEAP, False),
    "with a zero byte": ("7391\x00", CHEAP, False),
    "digits of another script": ("７３９１", "7391", False),
    "a lone surrogate": ("\ud800", "7391", False),
    "with a line break": ("7391\n", "7391", False),
}


@pytest.mark.parametrize(("tried", "stored", "right"), CASES.values(), ids=CASES.keys())
def test_a_pin_is_checked_as_the_flask_application_does_it(
    tried: str, stored: str | None, right: bool
) -> None:
    assert check_pin(tried, stored) is right


@pytest.mark.parametrize(("tried", "stored", "right"), CASES.values(), ids=CASES.keys())
def test_every_check_costs_exactly_one_bcrypt_check(
    tried: str, stored: str | None, right: bool
) -> None:
    with mock.patch.object(bcrypt, "checkpw", wraps=bcrypt.checkpw) as checkpw:
        check_pin(tried, stored)

    assert checkpw.call_count == 1


@pytest.mark.real_pins
def test_what_stands_in_for_nobodys_pin_has_the_cost_of_a_real_one() -> None:
    assert pins.NOBODYS[:7] == hash_pin("7391")[:7] == "$2b$10$"


def test_only_a_pin_is_hashed() -> None:
    with pytest.raises(ValueError, match="4 to 6 digits"):
        hash_pin("123")


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("123", Weak.FORM),
        ("1234567", Weak.FORM),
        ("12a4", Weak.FORM),
        ("0000", Weak.PATTERN),
        ("777777", Weak.PATTERN),
        ("1212", Weak.PATTERN),
        ("123123", Weak.PATTERN),
        ("1234", Weak.PATTERN),
        ("4321", Weak.PATTERN),
        ("7890", Weak.PATTERN),
        ("987654", Weak.PATTERN),
        ("2580", Weak.PATTERN),
        ("1122", Weak.PATTERN),
        ("112233", Weak.PATTERN),
        ("1221", Weak.PATTERN),
        ("12321", Weak.PATTERN),
        ("654456", Weak.PATTERN),
        ("1987", Weak.YEAR),
        ("2001", Weak.YEAR),
        ("1403", Weak.BIRTHDAY),
        ("0314", Weak.BIRTHDAY),
        ("2902", Weak.BIRTHDAY),
        ("031487", Weak.BIRTHDAY),
        ("140387", Weak.BIRTHDAY),
        ("870314", Weak.BIRTHDAY),
        ("4711", Weak.NUMBER),
        ("004711", Weak.NUMBER),
        ("0309", Weak.HIRED),
        ("0903", Weak.HIRED),
        ("2024", Weak.HIRED),
        ("030924", Weak.HIRED),
    ],
)
def test_a_pin_that_is_easily_guessed_is_refused_with_its_reason(pin: str, why: Weak) -> None:
    assert weakness(pin, NUMBER, HIRED) == why


@pytest.mark.parametrize("pin", ["7391", "83502", "194817", "1357", "0230", "7337", "871403"])
def test_any_other_pin_is_good(pin: str) -> None:
    assert weakness(pin, NUMBER, HIRED) is None


def test_the_day_of_hire_is_said_only_to_whoever_has_one() -> None:
    assert weakness("0309", NUMBER, None) == Weak.BIRTHDAY


def test_docs_security_says_how_many_pins_are_refused() -> None:
    refused = {
        digits: sum(
            weakness(f"{pin:0{digits}}", 10**9) is not None for pin in range(0, 10**digits, step)
        )
        for digits, step in ((4, 1), (5, 1), (6, 97))
    }

    assert refused[4] == 817
    assert refused[5] == 50
    assert 0.08 < refused[6] * 97 / 10**6 < 0.09


def test_what_is_plain_text_is_hashed_as_it_stands() -> None:
    assert bcrypt.checkpw("gäte".encode(), pins.hash_plain("gäte").encode())
    with pytest.raises(ValueError, match="72 bytes"):
        pins.hash_plain("ä" * 37)


def test_a_random_pin_is_never_weak() -> None:
    digits = iter("471112347391")

    with mock.patch("secrets.choice", side_effect=lambda _: next(digits)):
        assert random_pin(NUMBER, HIRED) == "7391"


def test_a_random_pin_may_be_longer() -> None:
    assert len(random_pin(NUMBER, length=6)) == 6
