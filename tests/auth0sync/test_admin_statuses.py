"""The address that a page asks for the standings of the people on it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync.admin_statuses import standings
from auth0sync.models import Account, Bucket, TenantState
from auth0sync.pace import BUCKET
from auth0sync.status import Weather, standing
from employees.models import Employee
from tests.auth0sync.people import add
from tests.builders import make_employee
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.once

STATUSES = reverse("admin:auth0sync_statuses")
OURS = {"user_id": "auth0|emp-1", "origin": "created", "seen": {"blocked": False}}


@pytest.fixture
def manager(state: TenantState, settings: Settings) -> Client:
    """A manager's browser; Auth0 is configured."""
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    return signed_in("manager")[0]


def asked(browser: Client, *people: Employee) -> dict[str, Any]:
    answer = browser.get(STATUSES, {"ids": ",".join(str(person.pk) for person in people)})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_it_says_how_each_account_is(manager: Client) -> None:
    ana, ben = add(), make_employee(auth_method="auth0", auth0_sync_status="verified")
    Account.objects.create(pk=ben.pk, **OURS)

    found = asked(manager, ana, ben)

    assert found[str(ana.pk)]["label"] == "Waiting for Auth0"
    assert found[str(ana.pk)]["moving"] is True
    assert found[str(ben.pk)] == {
        "label": "Verified",
        "detail": "",
        "tone": "good",
        "moving": False,
    }


def test_an_invitation_on_its_way_is_moving_too(manager: Client) -> None:
    ana = make_employee(auth_method="auth0", auth0_sync_status="created")
    Account.objects.create(pk=ana.pk, invitation="wanted", **OURS)

    assert asked(manager, ana)[str(ana.pk)]["moving"] is True


def test_a_change_is_there_at_the_next_question(manager: Client) -> None:
    ana = add()
    before = asked(manager, ana)[str(ana.pk)]["label"]

    Account.objects.filter(pk=ana.pk).update(due_seq=1, done_seq=1, due_at=None, **OURS)
    Employee.objects.filter(pk=ana.pk).update(auth0_sync_status="verified")

    assert (before, asked(manager, ana)[str(ana.pk)]["label"]) == ("Waiting for Auth0", "Verified")


@pytest.mark.parametrize("people", [1, 40])
def test_one_query_answers_for_all(
    manager: Client, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = [add(email=f"p{number}@example.com") for number in range(people)]

    # session, user, who that is, and the groups' permissions (2): what every page asks first
    with django_assert_num_queries(6):
        assert len(asked(manager, *found)) == people


def test_it_says_the_same_as_the_page(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    waiting, failed, unseen = add(), make_employee(auth_method="auth0"), make_employee()
    Account.objects.create(
        pk=failed.pk, error="Auth0 refuses it.", error_code="invalid_body", seen={"name": "Ana"}
    )
    Bucket.objects.update_or_create(pk=BUCKET, defaults={"next_at": "2099-01-01T00:00:00Z"})
    TenantState.objects.update(down_since="2026-03-12T09:02:00Z")

    found = {pk: said for pk, said, _ in standings(Employee.objects.all())}

    weather = Weather.today()
    assert weather.limited_until is not None
    assert weather.down_since is not None
    for person in Employee.objects.filter(pk__in=[waiting.pk, failed.pk, unseen.pk]):
        account = Account.objects.filter(pk=person.pk).first()
        assert found[person.pk] == standing(person, account, weather)


def test_nobody_out_of_sight_is_answered_for(manager: Client) -> None:
    lead, _ = team_lead()
    mine = add(department="Picking", workspace="MS")
    other = add(department="Packing", workspace="MS", email="other@example.com")

    assert set(asked(lead, mine, other)) == {str(mine.pk)}
    assert set(asked(manager, mine, other)) == {str(mine.pk), str(other.pk)}


def test_staff_without_a_role_are_refused(state: TenantState) -> None:
    browser = Client()
    browser.force_login(User.objects.create_user("somebody", is_staff=True))

    assert browser.get(f"{STATUSES}?ids=1").status_code == 403


def test_who_may_see_nobody_is_refused(state: TenantState) -> None:
    browser, person = signed_in("manager")
    Employee.objects.filter(pk=person.pk).update(is_active=False)

    assert browser.get(f"{STATUSES}?ids=1").status_code == 403
    assert Client().get(f"{STATUSES}?ids=1").status_code == 302


@pytest.mark.parametrize("ids", ["x", "1,-2", "1;2", "²", "99999999999", ",".join(["7"] * 201)])
def test_anything_but_some_numbers_is_refused(manager: Client, ids: str) -> None:
    answer = manager.get(STATUSES, {"ids": ids})
    assert answer.status_code == 400
    assert "at most 200 employee numbers" in answer.json()["error"]


@pytest.mark.parametrize("ids", ["", ",,", "9999999999,2147483647"])
def test_numbers_of_nobody_are_answered_with_nothing(manager: Client, ids: str) -> None:
    assert manager.get(STATUSES, {"ids": ids}).json() == {}


def test_the_answer_is_kept_nowhere(manager: Client) -> None:
    answer = manager.get(STATUSES, {"ids": "1"})
    assert "no-store" in answer["Cache-Control"]
