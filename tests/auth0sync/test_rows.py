"""What is read of an employee's row, and the few columns that are written to it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync.account import Facts, PodFactory, Seen
from auth0sync.models import Account
from auth0sync.rows import account_columns, read_facts, write_columns
from employees.history import notice_changes
from employees.models import Employee, InvitationChoice
from tests.builders import make_employee, make_mapping

pytestmark = pytest.mark.django_db

only_mariadb = pytest.mark.skipif(connection.vendor != "mysql", reason="only on MariaDB")


def facts_of(employee: Employee) -> Facts:
    return read_facts([employee.pk])[employee.pk]


def noted(employee: Employee) -> None:
    """Somebody has looked at this row before: its e-mail is known as it is compared."""
    Account.objects.create(pk=employee.pk, email_key=facts_of(employee).email)


# Reading


def test_earlier_names_are_read_for_those_alone_who_may_get_an_account(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    waits, has, pin = (
        make_employee(auth_method=method, auth0_user_id=user_id)
        for method, user_id in (("hybrid", None), ("hybrid", "auth0|1"), ("pin", None))
    )
    notice_changes([waits.pk, has.pk, pin.pk])
    Employee.objects.update(name="Ana Quill")
    notice_changes([waits.pk, has.pk, pin.pk])

    names = {
        pk: facts.previous_names for pk, facts in read_facts([waits.pk, has.pk, pin.pk]).items()
    }
    with django_assert_num_queries(5):
        read_facts([has.pk, pin.pk])

    assert names == {waits.pk: (waits.name,), has.pk: (), pin.pk: ()}


def test_a_full_row_is_read_as_it_stands(settings: Settings) -> None:
    settings.WORKSPACE_TIME_ZONES = {"TX": "America/Denver"}
    settings.DEPARTMENT_CODES = {}
    ada = make_employee(
        name="Ada Quill",
        email="ada@example.com",
        personal_email="Ada@Home.example",
        phone_number="+1 662 555 0100",
        department="Heat Press",
        workspace="TX",
        connecteam_user_id="ct-9",
        hire_date=date(2026, 11, 23),
        auth_method="auth0",
        auth0_role="manager",
        auth0_user_id="auth0|x",
    )

    assert facts_of(ada) == Facts(
        employee_id=ada.pk,
        name="Ada Quill",
        email="ada@example.com",
        email_usable=True,
        personal_email="ada@home.example",
        phone_number="+1 662 555 0100",
        department="Heat Press",
        department_code="HP",
        workspace="TX",
        timezone="America/Denver",
        connecteam_user_id="ct-9",
        hire_date="2026-11-23",
        is_active=True,
        is_archived=False,
        auth_method="auth0",
        auth0_role="manager",
        auth0_user_id="auth0|x",
        invitation="work",
    )


def test_columns_without_a_value_are_read_as_empty_text(settings: Settings) -> None:
    columns = ["email", "personal_email", "phone_number", "department", "workspace"]
    columns += ["connecteam_user_id", "hire_date", "auth0_user_id"]
    facts = facts_of(make_employee(name="", **dict.fromkeys(columns)))

    assert [getattr(facts, name) for name in ("name", "department_code", *columns)] == [""] * 10
    assert facts.email_usable is False
    assert facts.timezone == settings.DEFAULT_WORKSPACE_TIME_ZONE
    assert facts.shares_email_with == ()


def test_a_workspace_that_nobody_knows_has_the_usual_time_zone(settings: Settings) -> None:
    settings.WORKSPACE_TIME_ZONES = {"TX": "America/Denver"}
    settings.DEFAULT_WORKSPACE_TIME_ZONE = "America/Chicago"

    assert facts_of(make_employee(workspace="ZZ")).timezone == "America/Chicago"


def test_the_settings_may_name_the_code_of_a_department(settings: Settings) -> None:
    settings.DEPARTMENT_CODES = {"Packing": "PK"}

    assert facts_of(make_employee(department="Packing")).department_code == "PK"


@pytest.mark.parametrize(
    ("stored", "email"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
    ],
)
def test_the_email_is_read_in_the_form_in_which_it_is_compared(stored: str, email: str) -> None:
    assert facts_of(make_employee(email=stored)).email == email


@pytest.mark.parametrize(
    ("email", "usable"),
    [
        ("ada@example.com", True),
        ("71@company.com", False),
        ("71@Company.com ", False),
        ("71@company.com.example", True),
        ("", False),
        ("not an e-mail", False),
        ("x" * 243 + "@example.com", False),
    ],
)
def test_a_placeholder_or_broken_email_is_of_no_use(email: str, usable: bool) -> None:
    assert facts_of(make_employee(email=email)).email_usable is usable


@pytest.mark.parametrize(
    ("columns", "active", "archived"),
    [
        ({}, True, False),
        ({"is_active": False}, False, False),
        ({"archived_at": datetime(2026, 1, 1, tzinfo=UTC)}, True, True),
    ],
)
def test_whether_somebody_works_here_is_read(
    columns: dict[str, Any], active: bool, archived: bool
) -> None:
    facts = facts_of(make_employee(**columns))

    assert (facts.is_active, facts.is_archived) == (active, archived)


def test_the_chosen_invitation_is_read() -> None:
    ada = make_employee()
    InvitationChoice.objects.create(employee_id=ada.pk, kind="personal")

    assert facts_of(ada).invitation == "personal"


def test_the_mappings_are_read_in_the_order_in_which_they_were_made() -> None:
    ada = make_employee()
    first = make_mapping(
        ada, podfactory_email="Ada.HP@Example.com", similarity_score=Decimal("0.9")
    )
    second = make_mapping(ada, podfactory_email=None, is_verified=True)
    make_mapping(make_employee())

    assert facts_of(ada).podfactory == (
        PodFactory(first.pk, "ada.hp@example.com", verified=False, score=0.9),
        PodFactory(second.pk, "", verified=True, score=0.0),
    )


def test_an_id_without_a_row_is_left_out() -> None:
    ada = make_employee()

    assert list(read_facts([ada.pk, ada.pk + 1000])) == [ada.pk]


def test_reading_nobody_gives_nothing() -> None:
    assert read_facts([]) == {}


@pytest.mark.parametrize("people", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_people(
    people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [make_employee().pk for _ in range(people)]
    for employee in Employee.objects.filter(pk__in=ids):
        make_mapping(employee)

    with django_assert_num_queries(5):
        read_facts(ids)


# Who shares an e-mail


def test_an_email_of_ones_own_is_shared_with_nobody() -> None:
    make_employee(email="eve@example.com")

    assert facts_of(make_employee(email="ada@example.com")).shares_email_with == ()


def test_rows_that_differ_in_case_or_spaces_share_their_email() -> None:
    ada = make_employee(email="ada@example.com")
    third = make_employee(email="\tADA@EXAMPLE.COM")
    second = make_employee(email=" Ada@Example.com")
    for employee in (second, third):
        noted(employee)

    assert facts_of(ada).shares_email_with == (third.pk, second.pk)
    assert facts_of(second).shares_email_with == (ada.pk, third.pk)


def test_a_decomposed_accent_is_the_same_email() -> None:
    composed = make_employee(email="jos\u00e9@example.com")
    decomposed = make_employee(email=" jose\u0301@example.com")
    noted(decomposed)

    assert facts_of(composed).shares_email_with == (decomposed.pk,)
    assert facts_of(decomposed).shares_email_with == (composed.pk,)


def test_an_email_that_was_noted_but_has_changed_since_is_not_shared() -> None:
    ada = make_employee(email="ada@example.com")
    other = make_employee(email="other@example.com")
    Account.objects.create(pk=other.pk, email_key="ada@example.com")

    assert facts_of(ada).shares_email_with == ()


def test_an_accent_makes_another_email_whatever_the_database_thinks() -> None:
    # On MariaDB the column's collation takes the two for one, so a space keeps them apart.
    jose = make_employee(email="jose@example.com")
    accented = make_employee(email=" jos\u00e9@example.com")
    noted(accented)

    assert facts_of(jose).shares_email_with == ()
    assert facts_of(accented).shares_email_with == ()


@only_mariadb
def test_the_database_itself_finds_the_accented_one_as_a_candidate() -> None:
    make_employee(email="jos\u00e9@example.com")

    assert Employee.objects.filter(email="jose@example.com").exists()


@pytest.mark.parametrize(
    "gone", [{"is_active": False}, {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_whoever_has_left_shares_an_email_with_nobody(gone: dict[str, Any]) -> None:
    ada = make_employee(email="ada@example.com")
    left = make_employee(email=" ada@example.com", **gone)
    noted(left)

    assert facts_of(ada).shares_email_with == ()
    assert facts_of(left).shares_email_with == ()


def test_people_without_an_email_share_none() -> None:
    make_employee(email="\t")
    noted(make_employee(email=None))

    assert facts_of(make_employee(email="")).shares_email_with == ()


# Writing

OLD = datetime(2020, 1, 1, 12, tzinfo=UTC)


def make_old(**over: Any) -> Employee:
    """A row that was changed long ago."""
    employee = make_employee(**over)
    Employee.objects.filter(pk=employee.pk).update(updated_at=OLD)
    return employee


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "pending"),
        ("pending", "created"),
        ("created", None),
    ],
)
def test_a_column_that_differs_is_written(before: str | None, after: str | None) -> None:
    ada = make_old(auth0_sync_status=before)

    assert write_columns(ada.pk, auth0_sync_status=after) is True

    ada.refresh_from_db()
    assert ada.auth0_sync_status == after


@pytest.mark.parametrize("status", [None, "pending"])
def test_nothing_is_written_when_nothing_differs(status: str | None) -> None:
    ada = make_old(auth0_sync_status=status, auth0_user_id="auth0|x")

    assert write_columns(ada.pk, auth0_sync_status=status, auth0_user_id="auth0|x") is False


def test_one_column_that_differs_is_enough() -> None:
    ada = make_old(auth0_sync_status="created", auth0_user_id="auth0|x")

    assert write_columns(ada.pk, auth0_sync_status="created", auth0_user_id="auth0|y") is True

    ada.refresh_from_db()
    assert (ada.auth0_sync_status, ada.auth0_user_id) == ("created", "auth0|y")


def test_a_column_that_has_to_be_emptied_differs_beside_one_that_does_not() -> None:
    ada = make_old(auth0_sync_status="created", auth0_user_id="auth0|x")

    assert write_columns(ada.pk, auth0_sync_status=None, auth0_user_id="auth0|x") is True

    ada.refresh_from_db()
    assert (ada.auth0_sync_status, ada.auth0_user_id) == (None, "auth0|x")


def test_an_id_that_differs_in_case_alone_is_another_one() -> None:
    ada = make_old(auth0_user_id="auth0|x")

    assert write_columns(ada.pk, auth0_user_id="auth0|X") is True


def test_writing_leaves_the_time_of_the_last_change_as_it_was() -> None:
    ada = make_old()

    write_columns(ada.pk, auth0_sync_status="pending", auth0_user_id="auth0|x")

    ada.refresh_from_db()
    assert ada.updated_at == OLD


def test_writing_leaves_every_other_row_and_column_alone() -> None:
    ada, eve = make_old(name="Ada"), make_old(name="Eve")
    before = Employee.objects.values().get(pk=ada.pk)
    other = Employee.objects.values().get(pk=eve.pk)

    write_columns(ada.pk, auth0_sync_status="pending")

    assert Employee.objects.values().get(pk=ada.pk) == {**before, "auth0_sync_status": "pending"}
    assert Employee.objects.values().get(pk=eve.pk) == other


def test_what_people_write_meanwhile_is_kept() -> None:
    ada = make_old(notes="a")
    Employee.objects.filter(pk=ada.pk).update(notes=Concat(F("notes"), Value("b")))

    write_columns(ada.pk, auth0_sync_status="pending")

    ada.refresh_from_db()
    assert ada.notes == "ab"


def test_writing_to_a_row_that_is_gone_changes_nothing() -> None:
    assert write_columns(make_employee().pk + 1000, auth0_sync_status="pending") is False


# What an account means for the row


def seen(*, verified: bool = False) -> Seen:
    return Seen("auth0|x", "ada@example.com", verified, "Ada", None, None, blocked=False)


def test_a_new_account_is_noted_with_its_time_in_whole_seconds() -> None:
    columns = account_columns(make_employee().pk, seen())

    made_at = columns.pop("auth0_account_created_at")
    assert columns == {
        "auth0_user_id": "auth0|x",
        "auth0_sync_status": "created",
        "auth0_email_verified_at": None,
    }
    assert made_at.microsecond == 0
    assert abs((timezone.now() - made_at).total_seconds()) < 60


def test_a_verified_email_is_noted_with_its_time() -> None:
    columns = account_columns(make_employee().pk, seen(verified=True))

    assert columns["auth0_sync_status"] == "verified"
    assert columns["auth0_email_verified_at"] == columns["auth0_account_created_at"]


def test_times_that_are_known_stay_as_they_are() -> None:
    ada = make_employee(auth0_account_created_at=OLD, auth0_email_verified_at=OLD)

    assert account_columns(ada.pk, seen(verified=True)) == {
        "auth0_user_id": "auth0|x",
        "auth0_sync_status": "verified",
    }


def test_an_email_that_is_no_longer_verified_loses_its_time() -> None:
    ada = make_employee(auth0_account_created_at=OLD, auth0_email_verified_at=OLD)

    columns = account_columns(ada.pk, seen())

    assert columns["auth0_email_verified_at"] is None
    assert columns["auth0_sync_status"] == "created"


def test_a_row_that_is_gone_needs_no_columns() -> None:
    assert account_columns(make_employee().pk + 1000, seen()) == {}


def test_noting_an_account_twice_writes_once() -> None:
    ada = make_old()
    write_columns(ada.pk, **account_columns(ada.pk, seen(verified=True)))

    assert write_columns(ada.pk, **account_columns(ada.pk, seen(verified=True))) is False
