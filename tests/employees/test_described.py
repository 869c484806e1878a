"""A field names what describes it, help and refusal, and both are on the page under that name."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from tests.builders import make_employee
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db


def missing_on(page: str) -> list[str]:
    """What a field is said to be described by, and isn't there exactly once."""
    named = re.findall(r'aria-describedby="([^"]*)"', page)
    assert named, "no field is described"
    return [
        each for ids in named for each in ids.split() if len(re.findall(f'id="{each}"', page)) != 1
    ]


def forms_to_add(request: HttpRequest) -> Iterator[type[Model]]:
    for model, pages in admin.site._registry.items():
        if pages.has_add_permission(request):
            yield model


@pytest.mark.once
def test_on_every_form_that_adds_something(admin_client: Client) -> None:
    request = admin_client.get(reverse("admin:index")).wsgi_request
    models = list(forms_to_add(request))
    assert len(models) > 1

    for model in models:
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        for answer in (admin_client.get(page), admin_client.post(page, {})):
            assert missing_on(answer.content.decode()) == [], page


REFUSED = {
    "plan_leaving": {"day": "2020-01-01", "clock": "17:00"},
    "plan_joining": {"day": "2020-01-01"},
    "change": {"name": ""},
    "type_pin": {"pin": "1234", "again": "1234"},
}


@pytest.mark.once
@pytest.mark.parametrize("name", REFUSED)
def test_on_a_form_that_refuses_something(name: str) -> None:
    manager, _ = signed_in("manager")
    person = make_employee(is_active=name != "plan_joining")
    page = reverse(f"admin:employees_employee_{name}", args=[person.pk])
    form = {**REFUSED[name], "seen": "none"}

    refused = manager.post(page, form).content.decode()

    assert missing_on(refused) == []
    assert "_error" in "".join(re.findall(r'aria-describedby="([^"]*)"', refused))


@pytest.mark.once
def test_a_plan_is_refused_in_the_look_of_the_other_forms() -> None:
    manager, _ = signed_in("manager")
    person = make_employee()
    looks = []

    for name in ("plan_leaving", "change"):
        page = reverse(f"admin:employees_employee_{name}", args=[person.pk])
        refused = manager.post(page, REFUSED[name]).content.decode()
        box = re.search(r'<p class="(errornote [^"]*)"', refused)
        line = re.search(r'<div class="([^"]*)">\s*<ul class="errorlist"', refused)
        assert box and line
        looks.append((box[1].split(), line[1].split()))

    assert looks[0] == looks[1]
