"""Pages of people in a large company: as many queries as in a small one, and nobody counts all."""

import re
from collections.abc import Iterator
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from auth0sync.models import ImportJob, StagedBatch, SyncLog, TenantEvent
from auth0sync.status import STANDINGS
from employees.counting import CountedPages, kept, sight_of
from employees.history import notice_changes
from employees.mass.models import MassChange
from employees.models import Auth0Role, Employee
from employees.selectors import departments
from tests.builders import boss, make_employee, make_mapping
from tests.signed_in import signed_in, team_lead

pytestmark = pytest.mark.django_db
LIST = reverse("admin:employees_employee_changelist")
CANNOT_WORK = reverse("admin:employees_employee_cannot_work")
LOG = reverse("admin:auth0sync_synclog_changelist")
MAPPINGS = reverse("admin:employees_podfactorymapping_changelist")
ASKED = (
    *("", "?q=sample", "?q=sample+person", "?state=active", "?department=Picking", "?workspace=MS"),
    *("?auth_method__exact=pin", "?auth0_role=production_associate"),
    *(f"?account={standing}" for standing in STANDINGS),
    *(f"?o={column}" for column in (1, 2, 4, 5, 6, 7, 8)),
)
LISTS = (
    "employees_masschange",
    "auth0sync_stagedbatch",
    "auth0sync_importjob",
    "auth0sync_tenantevent",
)
PAGES = (
    *(f"{LIST}{asked}" for asked in ASKED),
    *(reverse("admin:index"), CANNOT_WORK, f"{CANNOT_WORK}?missing=pin"),
    *(LOG, f"{LOG}?status__exact=success", f"{LOG}?action=update", MAPPINGS),
    *(reverse("admin:auth0sync_attention"), reverse("admin:employees_employee_planned")),
    *(reverse("admin:auth0sync_joiners"), f"{reverse('admin:auth0sync_joiners')}?show=red"),
    *(reverse(f"admin:employees_employee_{page}") for page in ("reviews", "podfactory")),
    *(reverse("admin:auth0sync_balance"), f"{reverse('admin:search')}?s=sample"),
    *(reverse(f"admin:{name}_changelist") for name in LISTS),
)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    cache.clear()
    # A session's use is written down once a minute, which this may take on a busy machine.
    with mock.patch("employees.console_sessions.NOTED_EVERY_S", 3_600):
        yield
    cache.clear()


@pytest.fixture
def large() -> Iterator[None]:
    """Two people are many."""
    with mock.patch("employees.counting.LARGE", 2):
        yield


@pytest.fixture
def admin() -> Client:
    return signed_in(Auth0Role.ADMIN, name="Zoe Admin", email="zoe@example.com")[0]


def person(name: str, **over: object) -> Employee:
    """Somebody whom the index knows, as the sweep sees to."""
    found = make_employee(name=name, **over)
    notice_changes([found.pk])
    return found


def found_by(browser: Client, term: str) -> list[str]:
    """The names on the list, in its order."""
    return [row.name for row in browser.get(LIST, {"q": term}).context["cl"].result_list]


def queries(browser: Client, page: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(page).status_code == 200
    return [query["sql"] for query in asked]


def test_every_page_asks_as_often_for_sixty_people_as_for_ten(admin: Client) -> None:
    asked: dict[str, set[int]] = {page: set() for page in PAGES}
    for people in (10, 50):
        for _ in range(people):
            new = make_employee()
            make_mapping(new)
            SyncLog.objects.create(employee_id=new.pk, action="update", status="success")
            user = f"admin:{get_user_model().objects.create(username=new.pk).pk}"
            MassChange.objects.create(kind="import", title="List", begun_by=user, state="done")
            StagedBatch.objects.create(kind="changes", state="approved", decided_by=user)
            ImportJob.objects.create()
            TenantEvent.objects.create(log_id=str(new.pk), type="s", at=timezone.now())
        for page in PAGES:
            asked[page].add(len(queries(admin, page)))

    assert {page: counts for page, counts in asked.items() if len(counts) > 1} == {}


@pytest.mark.parametrize("page", [LIST, f"{LIST}?q=a", f"{LIST}?department=Picking", LOG, MAPPINGS])
def test_no_list_counts_further_than_it_has_to(admin: Client, page: str) -> None:
    asked = queries(admin, page)
    # What waits for a person is counted by an index, in tables that hold nothing else.
    waits = ("employee_reviews", "auth0_accounts")
    counts = [sql for sql in asked if "COUNT(*)" in sql and not any(w in sql for w in waits)]

    assert bool(counts) == ("?" not in page)  # what was chosen is no more than a page: no count
    assert [sql for sql in counts if not re.search(r"LIMIT 10001\)", sql)] == []


def test_a_long_list_says_more_than_and_leads_on_all_the_same(admin: Client) -> None:
    people = [make_employee() for _ in range(7)]
    with (
        mock.patch("employees.counting.MOST_COUNTED", 4),
        mock.patch("employees.counting.PAGES_AHEAD", 1),
        mock.patch("employees.admin.EmployeeAdmin.list_per_page", 2),
    ):
        first = admin.get(LIST)
        third = admin.get(f"{LIST}?p=3&o=1")

    text = " ".join(first.content.decode().split())
    assert "more than 4 employees" in text
    assert 'class="question' not in text  # nobody ticks more than anybody has counted
    assert [row.pk for row in third.context["cl"].result_list] == [each.pk for each in people[3:5]]


def test_people_who_were_chosen_are_looked_for_once(admin: Client) -> None:
    for _ in range(3):
        make_employee(department="Packing")

    page = admin.get(f"{LIST}?department=Packing")
    asked = queries(admin, f"{LIST}?department=Packing")

    looking = [sql for sql in asked if "Packing" in sql and '"employees"."id" IN (' not in sql]
    assert len([sql for sql in looking if "`id` IN (" not in sql]) == 1
    assert "3 employees" in " ".join(page.content.decode().split())


def test_a_short_list_is_counted_exactly(admin: Client) -> None:
    make_employee()

    assert "2 employees" in " ".join(admin.get(LIST).content.decode().split())


@pytest.mark.parametrize("further", ["", "nonsense", "9" * 40])
def test_whatever_page_is_asked_for_the_count_has_an_end(further: str) -> None:
    assert CountedPages(Employee.objects.order_by("pk"), 100, further=further).most == 10_000


def test_an_answer_about_few_people_is_asked_for_each_time() -> None:
    ask = mock.Mock(return_value=(1, 4_999))

    assert [kept("this", ask), kept("this", ask)] == [1, 1]
    assert ask.call_count == 2


def test_an_answer_about_many_people_is_kept_apart_from_others() -> None:
    ask = mock.Mock(side_effect=[(0, 5_000), (2, 5_000)])

    assert [kept("this", ask), kept("this", ask), kept("that", ask)] == [0, 0, 2]


def test_who_sees_others_is_told_other_numbers(large: None) -> None:
    for place in ("MS", "TX"):
        for _ in range(3):
            make_employee(workspace=place, auth_method="pin")

    finance, _ = signed_in(Auth0Role.FINANCE, auth0_sync_status="verified")
    lead, _ = team_lead(auth0_sync_status="verified")

    found = [browser.get(CANNOT_WORK).context["everybody"] for browser in (finance, lead)]

    assert found == [6, 3]
    assert sight_of(boss()) == ()


def test_in_a_large_company_not_every_page_looks_at_everybody(large: None, admin: Client) -> None:
    for _ in range(3):
        make_employee(auth_method="pin")
    first, then = queries(admin, reverse("admin:index")), queries(admin, reverse("admin:index"))

    # Who can’t work today, and who isn’t ready in time.
    assert sum("employee_auth" in sql for sql in first) == 2
    assert not any("employee_auth" in sql for sql in then)
    assert len(then) < len(first)


def test_departments_are_those_in_use(large: None) -> None:
    for name in ("Packing", "Picking", "Packing"):
        make_employee(department=name)

    assert {"Packing", "Picking"} <= set(departments())


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("ana", ["Ana Hollis"]),  # and no Diana
        ("hol an", ["Ana Hollis"]),
        ("JOSÉ", ["José O’Brien-Ortiz"]),
        ("jose", ["José O’Brien-Ortiz"]),
        ("o'brien", ["José O’Brien-Ortiz"]),
        ("obrien-or", ["José O’Brien-Ortiz"]),
        ("tamsin", ["Tamsin"]),
        ("d.hollis@ex", ["Diana Hollis"]),
        ("home.dia", ["Diana Hollis"]),
        ("oll", ["Ana Hollis", "Diana Hollis"]),  # what no index finds is looked for in the rows
        ("ana nobody", []),
        ("hollis '", ["Ana Hollis", "Diana Hollis"]),
    ],
)
def test_a_large_company_is_searched_by_the_beginnings_of_words(
    large: None, admin: Client, term: str, names: list[str]
) -> None:
    person("Diana Hollis", email="d.hollis@example.com", personal_email="home.diana@example.com")
    person("Ana Hollis", email="a.h@example.com")
    person("José O’Brien-Ortiz", email="x@example.com")
    person("Tamsin", email="y@example.com")

    assert found_by(admin, term) == names


def test_a_former_name_finds_them_too(large: None, admin: Client) -> None:
    ana = person("Ana Hollis")
    Employee.objects.filter(pk=ana.pk).update(name="Ana Quill")
    notice_changes([ana.pk])

    assert found_by(admin, "hollis") == ["Ana Quill"]


def test_a_number_finds_its_person_first_and_then_who_has_the_phone(
    large: None, admin: Client
) -> None:
    phone = person("Ben Phone", phone_number="(662) 555-0100")
    six = make_employee(pk=6_625_550, name="Six Million")
    person("Cleo Mail", email=f"{six.pk}@example.com")

    assert found_by(admin, str(six.pk)) == ["Six Million", "Cleo Mail"]
    assert found_by(admin, "6625550100") == [phone.name]


def test_a_search_shows_nobody_out_of_sight(large: None) -> None:
    browser, _lead = team_lead(name="Lea Lead")
    person("Ana Mine", department="Picking", workspace="MS")
    person("Ana Texas", department="Picking", workspace="TX")

    assert found_by(browser, "ana") == ["Ana Mine"]


def test_what_very_many_answer_to_is_looked_for_in_the_rows(large: None, admin: Client) -> None:
    for name in ("Ana Hollis", "Ana Ivers", "Ana Quill", "Ben Ivers"):
        person(name)

    with mock.patch("employees.finding.READ_MOST", 4):
        assert found_by(admin, "ana") == ["Ana Quill", "Ana Ivers", "Ana Hollis"]
        assert found_by(admin, "ana quil") == ["Ana Quill"]
