"""Who gets an account by an enrolment, who doesn't, and why; nothing is written here."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from auth0sync.due import note
from auth0sync.enrolment import Choice, Outlook, WhyNot, enrollable, outlooks, without_account
from auth0sync.models import Account, Origin
from employees import planning
from employees.authority import Actor
from employees.models import Auth0Role, AuthMethod, Employee, InvitationChoice, Review
from tests.auth0sync.people import row_of
from tests.builders import boss, make_employee, make_role

pytestmark = pytest.mark.usefixtures("state")

LEAD = Actor("admin:7", role=Auth0Role.TEAM_LEAD, department="Picking", workspace="MS")


def outlook(person: Employee, choice: Choice | None = None, actor: Actor | None = None) -> Outlook:
    (found,) = outlooks([row_of(person)], choice or Choice(), actor or boss(1))
    return found


def account(person: Employee, **seen: Any) -> Account:
    """An account of before, which was blocked when they went back to the PIN."""
    profile = {
        "user_id": f"auth0|{person.pk}",
        "email": person.email,
        "email_verified": True,
        "name": person.name,
        "given_name": None,
        "family_name": None,
        "blocked": True,
        "roles": ["production_associate"],
        "closed": [],
        "user_metadata": {},
        "app_metadata": {},
        **seen,
    }
    return Account.objects.create(
        pk=person.pk, origin=Origin.CREATED, user_id=f"auth0|{person.pk}", seen=profile
    )


@pytest.mark.parametrize(
    ("columns", "why", "reason"),
    [
        ({"email": None}, WhyNot.NO_EMAIL, "There is no e-mail."),
        ({"email": "77@company.com"}, WhyNot.NO_EMAIL, "“77@company.com” stands in for"),
        ({"email": "ana at example"}, WhyNot.NO_EMAIL, "“ana at example” isn’t an e-mail"),
        ({"is_active": False}, WhyNot.INACTIVE, "Deactivated."),
        ({"archived_at": timezone.now()}, WhyNot.ARCHIVED, "In the archive."),
        ({"auth_method": "hybrid"}, WhyNot.ASKED, "An account is asked for already"),
        ({"auth0_user_id": "auth0|7"}, WhyNot.FOREIGN, "Somebody else made an account"),
        ({"auth0_role": "boss"}, WhyNot.ROLE, "The Auth0 role “boss” is none of the five."),
    ],
    ids=lambda value: value.value if isinstance(value, WhyNot) else "",
)
def test_it_says_who_gets_none_and_why(columns: dict[str, Any], why: WhyNot, reason: str) -> None:
    found = outlook(make_employee(**columns))

    assert (found.why_not, found.reason[: len(reason)]) == (why, reason)


def test_whoever_works_here_with_a_pin_and_an_email_gets_one() -> None:
    found = outlook(make_employee(department="Heat Press"))

    assert found.why_not == ""
    assert (found.method, found.invitation, found.is_mailed) == ("hybrid", "work", True)


def test_whoever_has_an_account_gets_no_second() -> None:
    ana = make_employee(auth_method="auth0")
    account(ana)

    assert outlook(ana).why_not == WhyNot.HAS_ONE


def test_whoever_starts_later_gets_one_when_they_start() -> None:
    at = timezone.now() + timedelta(days=9)
    ana = planning.add_joining({"name": "Ana", "auth_method": "pin"}, "work", boss(1), at)

    found = outlook(ana)

    assert found.why_not == WhyNot.JOINS
    assert found.reason.startswith("They start on ")


def test_two_who_share_an_email_get_none_and_each_reads_the_other_ones_number() -> None:
    ana = make_employee(email="ana@example.com")
    bo = make_employee(email=" Ana@Example.com")
    note([bo.pk], actor="sql")

    assert outlook(ana).reason.startswith(f"Has the same e-mail as number {bo.pk}:")
    assert outlook(bo).reason.startswith(f"Has the same e-mail as number {ana.pk}:")


def test_a_team_lead_reads_no_number_of_somebody_elsewhere() -> None:
    ana = make_employee(email="ana@example.com", workspace="MS")
    bo = make_employee(email=" Ana@Example.com", workspace="TX")
    note([bo.pk], actor="sql")

    assert outlook(ana, actor=LEAD).reason.startswith("Has the same e-mail as somebody else:")


def test_nobody_of_an_equal_role_is_in_reach() -> None:
    found = outlook(make_employee(auth0_role="team_lead", workspace="MS"), actor=LEAD)

    assert found.why_not == WhyNot.OUT_OF_REACH
    assert "their role is as high as yours" in found.reason


@pytest.mark.parametrize(
    ("department", "chosen", "method"),
    [
        ("Heat Press", "", "hybrid"),
        ("Embroidery", "", "hybrid"),
        ("Accounts", "", "auth0"),
        (None, "", "auth0"),
        ("Heat Press", "auth0", "auth0"),
        ("Accounts", "hybrid", "hybrid"),
    ],
)
def test_the_way_of_signing_in_is_the_forms_proposal_unless_one_is_chosen(
    department: str | None, chosen: str, method: str
) -> None:
    make_role("Embroidery")

    assert outlook(make_employee(department=department), Choice(chosen)).method == method


@pytest.mark.parametrize(
    ("stands", "chosen", "personal", "mailed"),
    [
        ("", "", None, True),
        ("none", "", None, False),
        ("none", "work", None, True),
        ("", "none", None, False),
        ("", "verified", None, False),
        ("", "auth0", None, True),
        ("", "personal", None, False),
        ("personal", "", "home@example.com", True),
    ],
)
def test_it_knows_who_is_mailed(
    stands: str, chosen: str, personal: str | None, mailed: bool
) -> None:
    ana = make_employee(personal_email=personal)
    if stands:
        InvitationChoice.objects.create(pk=ana.pk, kind=stands)

    found = outlook(ana, Choice(invitation=chosen))

    assert found.invitation == (chosen or stands or "work")
    assert found.is_mailed is mailed


@pytest.mark.parametrize(("email", "risky"), [("ana@example.com", False), ("new@x.org", True)])
def test_an_account_of_before_is_opened_again_without_a_second_mail(
    email: str, risky: bool
) -> None:
    ana = make_employee(email="ana@example.com", auth0_user_id="auth0|7")
    account(ana)
    Employee.objects.filter(pk=ana.pk).update(email=email)

    found = outlook(ana)

    assert (found.why_not, found.is_reopened, found.is_mailed) == ("", True, False)
    assert found.is_risky is risky


def test_whoever_waits_to_be_reviewed_may_be_somebody_else_and_gets_none() -> None:
    ana, bo = make_employee(), make_employee()
    Review.objects.create(pk=ana.pk, why=["department"])
    Review.objects.create(pk=bo.pk, why=["department"], state=Review.State.LEFT)

    assert outlook(ana).why_not == WhyNot.REVIEW
    assert outlook(bo).why_not == ""
    assert set(enrollable(boss(1))) == {bo}


def test_somebody_deleted_meanwhile_is_left_out() -> None:
    ana = make_employee()
    Employee.objects.filter(pk=ana.pk).delete()

    assert outlooks([ana], Choice(), boss(1)) == []


def test_a_page_of_people_costs_as_many_queries_as_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    people = [make_employee() for _ in range(30)]
    people[0].is_active = False

    with django_assert_max_num_queries(11):
        assert len(outlooks(people, Choice(), boss(1))) == 30


def test_only_those_in_sight_who_sign_in_with_a_pin_are_chosen_from() -> None:
    ana = make_employee(department="Picking", workspace="MS")
    texan = make_employee(department="Picking", workspace="TX")
    packer = make_employee(department="Packing", workspace="MS")
    make_employee(auth_method=AuthMethod.AUTH0)

    assert set(without_account(boss(1))) == {ana, texan, packer}
    assert set(without_account(boss(1), "Picking")) == {ana, texan}
    assert set(without_account(boss(1), "Picking", "TX")) == {texan}
    assert set(without_account(LEAD)) == {ana}


def test_those_without_an_email_or_with_an_account_open_or_closed_are_not_counted() -> None:
    ana, bo = make_employee(email="ana@example.com"), make_employee(auth0_user_id="")
    back_at_the_pin = make_employee(auth0_user_id="auth0|7")
    account(back_at_the_pin)
    make_employee(email=None)
    make_employee(email="77@company.com")
    make_employee(auth0_user_id="auth0|8")
    make_employee(is_active=False)
    make_employee(archived_at=timezone.now())

    assert set(enrollable(boss(1))) == {ana, bo}
