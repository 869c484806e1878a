"""What no table of pages shows: rights given by hand, people out of sight, roles by a way round."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from auth0sync import mending
from employees import services
from employees.authority import program
from employees.errors import NotAllowed
from employees.models import Change, Employee
from tests.builders import make_employee
from tests.employees.l7_world import world_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]
USERS = ["auth_user_changelist", "auth_user_add", "auth_group_changelist", "auth_group_add"]


@pytest.mark.parametrize("rights", ["permissions", "superuser"])
def test_users_and_groups_stay_closed_to_an_employee_who_was_given_all_rights_by_hand(
    rights: str,
) -> None:
    world = world_of("manager", with_one_administrator=False)
    user: Any = get_user_model().objects.get()
    user.is_superuser = rights == "superuser"
    user.save()
    user.user_permissions.set(Permission.objects.all())

    answers = [world.browser.get(reverse(f"admin:{name}")).status_code for name in USERS]
    own = reverse("admin:auth_user_change", args=[user.pk])

    assert answers == [403] * len(USERS)
    assert world.browser.post(own, {"is_superuser": "on"}).status_code == 403


def test_the_search_of_a_form_finds_nobody_out_of_sight() -> None:
    world = world_of("team_lead", with_one_administrator=False)
    asked = {
        "app_label": "employees",
        "model_name": "podfactorymapping",
        "field_name": "employee",
        "term": "Sample",
    }

    found = world.browser.get(reverse("admin:autocomplete"), asked).json()["results"]

    names = {int(one["id"]) for one in found}
    assert world.people["associate"].pk in names
    assert world.people["elsewhere"].pk not in names


def test_undoing_a_change_gives_no_role_above_ones_own() -> None:
    world = world_of("manager", with_one_administrator=False)
    was_admin = make_employee(auth0_role="admin")
    services.change_employee(was_admin.pk, {"auth0_role": "team_lead"}, program("test"))
    last = Change.objects.filter(employee_id=was_admin.pk).latest("pk")

    with pytest.raises(NotAllowed, match="above your own"):
        mending.restore(was_admin.pk, last.pk, world.actor)

    assert Employee.objects.get(pk=was_admin.pk).auth0_role == "team_lead"


def test_nobody_brings_back_their_own_earlier_role_by_an_undo() -> None:
    world = world_of("manager", with_one_administrator=False)
    own = world.people["self"]
    services.change_employee(own.pk, {"auth0_role": "admin"}, program("test"))
    services.change_employee(own.pk, {"auth0_role": "manager"}, program("test"))
    last = Change.objects.filter(employee_id=own.pk).latest("pk")

    for actor in (world.actor, replace(world.actor, role="admin")):
        with pytest.raises(NotAllowed):
            mending.restore(own.pk, last.pk, actor)


def test_bringing_back_gives_no_role_above_ones_own() -> None:
    world = world_of("manager", with_one_administrator=False)
    gone = world.people["inactive"]
    page = reverse("admin:employees_employee_bring_back", args=[gone.pk])

    world.browser.post(page, {"auth0_role": "admin", "confirmed": "yes"})

    gone.refresh_from_db()
    assert (gone.auth0_role, gone.is_active) == ("production_associate", False)
