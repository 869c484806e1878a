"""The balance sheet: how it stands, what differs, and the button for another comparison."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync import switch
from auth0sync.balance import balance_standing, groups, visible_differences
from auth0sync.balance_words import Run, duration, progress, top
from auth0sync.models import Comparison, Difference, TenantState
from employees.authority import Actor
from employees.models import Employee
from tests.builders import boss, make_employee
from tests.signed_in import signed_in, team_lead

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PAGE = reverse("admin:auth0sync_balance")
COMPARE = reverse("admin:auth0sync_balance_compare")
PROGRESS = reverse("admin:auth0sync_balance_progress")
RULES = reverse("admin:auth0sync_balance_rules")
TOGETHER = reverse("admin:auth0sync_together")
PHONE = "user_metadata.phone_number"
State, Kind = Difference.State, Difference.Kind


@pytest.fixture(autouse=True)
def _tenant_in_the_settings(settings: Settings, state: TenantState) -> None:
    settings.AUTH0_DOMAIN = "tenant.example.com"


def compared(hours_ago: float = 1, **over: Any) -> Comparison:
    """A comparison that was done, or what is said of it instead."""
    at = timezone.now() - timedelta(hours=hours_ago)
    values: dict[str, Any] = {
        "state": Comparison.State.DONE,
        "asked_by": "night",
        "began_at": at - timedelta(seconds=130),
        "export_at": at - timedelta(seconds=100),
        "finished_at": at,
        **over,
    }
    return Comparison.objects.create(**values)


def differs(person: Employee | None, kind: str = Kind.FIELD, **over: Any) -> Difference:
    """As the comparison writes it down."""
    values: dict[str, Any] = {"kind": kind, "rank": Kind.values.index(kind), **over}
    if kind == Kind.FIELD:
        values = {"field": PHONE, "auth0": "2", "wanted": "1", "seen": "1", **values}
    return Difference.objects.create(employee_id=person.pk if person else None, **values)


def text(answer: Any) -> str:
    """The words of the page, without its marks."""
    main = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def manager() -> Client:
    return signed_in("manager")[0]


# How it stands


def test_before_the_first_comparison_it_says_so() -> None:
    page = text(manager().get(PAGE))

    assert "Never compared" in page
    assert "Nothing was compared yet." in page
    assert "Compare now" in page


def test_nothing_unexplained_is_said_with_when_and_how_long() -> None:
    compared(rows_wanted=3, accounts=3, paired=3, equal=3)

    page = text(manager().get(PAGE))

    assert "0 unexplained Every person and every account is accounted for." in page
    assert re.search(r"Compared .*, in 2 min; Auth0’s side is of ", page)
    assert "3 of the people agree with Auth0 in everything. 0 differ." in page


def test_the_sheet_has_both_sides_and_what_stands_beside_them() -> None:
    compared(
        rows_wanted=61,
        rows_shut=3,
        rows_untouched=1,
        accounts=66,
        paired=63,
        foreign=1,
        leftover=2,
        alone=2,
        elsewhere=5,
        moving=1,
        ignored=2,
        notes=["Two accounts were made while the list was read."],
    )

    page = text(manager().get(PAGE))

    assert "Together 65" in page
    assert "Together 66" in page
    assert "Of nobody here 2" in page
    assert "in other connections 5" in page
    assert "1 was being changed at that moment" in page
    assert "2 differences are left as they are by decision" in page
    assert "Two accounts were made while the list was read." in page


def test_what_doesnt_add_up_is_not_hidden_behind_zero_differences() -> None:
    found = top(balance_standing_of(compared(unexplained=2)), 0, sees_all=True)

    assert (found.tone, found.label) == ("attention", "2 unexplained")
    assert "don’t add up" in found.sentence
    assert top(balance_standing(), 1, sees_all=False).label == "1 to decide"


def balance_standing_of(_run: Comparison) -> Any:
    return balance_standing()


def test_more_than_36_hours_are_said() -> None:
    compared(hours_ago=37)

    page = text(manager().get(PAGE))

    assert "That is more than 36 hours ago" in page
    assert "0 unexplained" in page


def test_one_that_failed_leaves_the_sheet_and_says_why() -> None:
    compared(hours_ago=5, rows_wanted=7)
    compared(state="failed", error="Auth0 doesn't allow this: grant the scope read:users.")

    page = text(manager().get(PAGE))

    assert "failed: Auth0 doesn&#x27;t allow this: grant the scope read:users." in page
    assert "Should have an account active, signing in with Auth0, and with an e-mail 7" in page


def test_a_first_one_that_failed_is_told_as_well() -> None:
    compared(state="failed", error="No scope.")

    assert "Never compared" in (page := text(manager().get(PAGE)))
    assert "failed: No scope." in page


# Comparing now


def test_the_button_asks_once_and_the_page_says_how_far_it_is() -> None:
    browser = manager()

    browser.post(COMPARE)
    browser.post(COMPARE)

    (wanted,) = Comparison.objects.all()
    assert wanted.state == Comparison.State.WANTED
    page = text(browser.get(PAGE))
    assert "Wanted: it begins within seconds" in page
    assert "Compare now" not in page


def test_coming_without_pressing_the_button_asks_for_nothing() -> None:
    answer = manager().get(COMPARE, follow=True)

    assert "Nothing was done: press the button again." in answer.content.decode()
    assert not Comparison.objects.exists()


def test_while_nothing_may_be_called_the_reason_stands_in_the_buttons_place() -> None:
    browser = manager()
    switch.pause("admin:1", "the tenant moves")

    assert "Compare now: " in text(browser.get(PAGE))
    assert "the tenant moves" in browser.post(COMPARE, follow=True).content.decode()
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("role", ["finance", "team_lead"])
def test_who_may_not_ask_for_it_reads_so(role: str) -> None:
    browser, _ = signed_in(role, department="Picking", workspace="MS")

    assert "Compare now: You can&#x27;t have the accounts compared: ask a manager." in text(
        browser.get(PAGE)
    )
    assert browser.post(COMPARE).status_code == 403


def test_the_progress_is_told_as_json_until_it_is_over() -> None:
    browser = manager()
    compared(state="running", stage="compare", looked_at=250, to_look_at=1000, finished_at=None)

    found = browser.get(PROGRESS, headers={"accept": "application/json"}).json()
    assert found == {"words": "Comparing: comparing, 250 of 1000 people.", "percent": 25}

    Comparison.objects.update(state="done", finished_at=Now())
    assert browser.get(PROGRESS).json() == {"words": "", "percent": None}


def test_what_nobody_can_count_has_no_percentage() -> None:
    found = progress(Comparison(state="running", stage="export"))

    assert (found.words, found.percent) == (
        "Comparing: waiting for Auth0's list of accounts.",
        None,
    )


# Differences


def test_each_is_named_with_both_values_explained_and_has_its_ways_out() -> None:
    compared()
    ana = make_employee(name="Ana <i>Ortiz</i>")
    one = differs(ana, auth0="+1 662 555 0199", wanted="+1 601 555 0100", seen="+1 601 555 0100")

    answer = manager().get(PAGE)
    page = text(answer)

    assert "1 to decide One difference between console and Auth0 waits for a decision." in page
    assert (
        "Auth0 has another phone number for Ana &lt;i&gt;Ortiz&lt;/i&gt; than the console." in page
    )
    assert "Console +1 601 555 0100 Auth0 +1 662 555 0199" in page
    assert "Put the console’s phone number into Auth0" in page
    assert "Take Auth0’s phone number over into the console" in page
    assert reverse("admin:auth0sync_difference", args=[one.pk]) in answer.content.decode()
    assert reverse("admin:auth0sync_three_way", args=[ana.pk]) in answer.content.decode()


def test_nobody_is_deactivated_by_one_click_in_the_list() -> None:
    one = differs(make_employee(name="Ana"), Kind.SHUT, field="blocked", auth0=True, wanted=False)
    browser = manager()

    assert "Open the account again" in (listed := text(browser.get(PAGE)))
    assert "Deactivate Ana here too" not in listed
    page = browser.get(reverse("admin:auth0sync_difference", args=[one.pk]))
    assert "Deactivate Ana here too They are deactivated here, with a" in text(page)


def test_they_can_be_chosen_by_kind_and_by_how_far_they_are() -> None:
    compared()
    ana, ben, kim = make_employee(name="Ana"), make_employee(name="Ben"), make_employee(name="Kim")
    differs(ana)
    differs(ben, Kind.OPEN)
    differs(kim, state=State.IGNORED, reason="On loan.", decided_by="admin:1")
    browser = manager()

    everything = [case.who for case in browser.get(PAGE).context["cases"]]
    phones = browser.get(PAGE, {"group": f"field:{PHONE}"}).context["cases"]
    ignored = browser.get(PAGE, {"state": "ignored"})
    nonsense = browser.get(PAGE, {"state": "x", "group": "y", "p": "z"}).context["cases"]

    assert everything == ["Ben", "Ana"], "the most urgent first"
    assert [case.who for case in phones] == ["Ana"]
    assert [case.who for case in ignored.context["cases"]] == ["Kim"]
    assert "left it as it is" in text(ignored)
    assert len(nonsense) == 2


def test_what_was_left_says_that_nothing_holds_it() -> None:
    compared()
    browser = manager()
    differs(make_employee(), state=State.IGNORED, reason="On loan.")

    assert "nothing holds Auth0 as it is" in text(browser.get(PAGE, {"state": "ignored"}))
    assert "nothing holds Auth0 as it is" not in text(browser.get(PAGE))


def test_a_value_of_any_kind_can_be_shown() -> None:
    compared()
    odd: dict[str, Any] = {
        "field": "app_metadata.workspace",
        "auth0": [{"a": 1}, "MS"],
        "wanted": "MS",
    }
    differs(make_employee(), **odd)

    assert "Auth0 {&#x27;a&#x27;: 1}, " in text(manager().get(PAGE))


def test_what_is_over_is_neither_shown_nor_counted() -> None:
    compared()
    differs(make_employee(), state=State.CLOSED)

    assert groups(boss()) == []
    assert "Nothing differs that you can see." in text(manager().get(PAGE))


def test_a_deleted_row_and_an_account_of_nobody_are_called_by_what_is_known() -> None:
    compared()
    Difference.objects.create(kind=Kind.NO_ROW, employee_id=987654)
    differs(None, Kind.UNKNOWN, about={"email": "who@example.com"})
    differs(None, Kind.UNKNOWN, user_id="auth0|x")
    admin, _ = signed_in("admin")

    whos = [case.who for case in admin.get(PAGE).context["cases"]]

    assert whos == ["number 987654", "who@example.com", "auth0|x"]


def test_a_team_lead_sees_her_own_people_and_no_numbers_of_the_company() -> None:
    compared(rows_wanted=61)
    lead, _ = team_lead()
    differs(make_employee(name="Mine", department="Picking", workspace="MS"))
    differs(make_employee(name="Other", department="Packing", workspace="MS"))

    answer = lead.get(PAGE)

    assert [case.who for case in answer.context["cases"]] == ["Mine"]
    assert "The sheet" not in text(answer)
    assert "The last comparisons" not in text(answer)


def test_who_may_see_nobody_sees_nothing_of_it() -> None:
    stray = Client()
    stray.force_login(User.objects.create_user("stray", is_staff=True))
    one = differs(make_employee())
    page = reverse("admin:auth0sync_difference", args=[one.pk])
    sides = reverse("admin:auth0sync_three_way", args=[one.employee_id])

    for url in (PAGE, PROGRESS, TOGETHER, RULES, page, sides):
        assert stray.get(url).status_code == 403, url
    assert not visible_differences(Actor(name="nobody")).exists()


def test_why_a_decision_came_to_nothing_is_said() -> None:
    compared()
    differs(make_employee(), error="Auth0 doesn't take this number.")

    assert "Auth0 doesn&#x27;t take this number." in text(manager().get(PAGE))


def test_accounts_of_nobody_here_are_for_administrators() -> None:
    one = differs(None, Kind.UNKNOWN, about={"email": "who@example.com"})
    page = reverse("admin:auth0sync_difference", args=[one.pk])
    admin, _ = signed_in("admin")

    assert not visible_differences(boss()).exclude(pk=one.pk).exists()
    assert manager().get(page).status_code == 404
    assert admin.get(page).status_code == 200


@pytest.mark.parametrize("people", [2, 60])
def test_the_page_asks_as_often_for_many_as_for_few(
    people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser, _ = signed_in("manager")
    compared()
    for _ in range(people):
        differs(make_employee(), owner="admin:1")

    # 5 of who asks, 1 the differences, 2 how it stands, 1 the switch, 3 the history with names,
    # 1 the list, 1 its people, 1 their names, 3 of the page's frame
    with django_assert_num_queries(18):
        page = browser.get(PAGE)

    assert len(page.context["cases"]) == min(people, 50)


# The history, and lengths of time


def test_the_history_says_who_asked_and_what_became_of_it() -> None:
    browser, person = signed_in("manager", name="Paula Plant")
    compared(kinds={"field": 3, "role": 1}, unexplained=0)
    compared(asked_by=f"admin:{person.user_link.pk}", state="failed", error="No scope.")
    compared(asked_by="auth0_reconcile", state="running", finished_at=None)

    page = text(browser.get(PAGE))

    assert "every night" in page
    assert "Failed: No scope." in page
    assert "Paula Plant" in page
    assert "auth0_reconcile" in page
    assert [run.differences for run in browser.get(PAGE).context["history"]] == [0, 0, 4]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(42, "42 s"), (180, "3 min"), (5900, "98 min"), (6000, "1 h 40 min")],
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_one_that_was_never_begun_took_no_time() -> None:
    assert Run(Comparison(state="wanted"), "").took == ""


# The start page


def test_the_start_page_says_zero_unexplained_and_when(settings: Settings) -> None:
    compared()

    page = text(manager().get(reverse("admin:index")))

    assert "Balance sheet 0 unexplained Every person and every account" in page
    assert "Compared " in page


def test_the_start_page_says_which_kinds_differ() -> None:
    compared()
    for kind in (Kind.OPEN, Kind.MISSING, Kind.SHUT, Kind.ROLE, Kind.FIELD, Kind.STUCK):
        differs(make_employee(), kind)

    page = text(manager().get(reverse("admin:index")))

    assert "6 to decide" in page
    assert "Can still sign in: 1, Deleted in Auth0: 1" in page
    assert "and 2 more kinds." in page


def test_without_a_tenant_the_start_page_has_no_sheet(settings: Settings) -> None:
    settings.AUTH0_DOMAIN = ""

    assert "Balance sheet" not in text(manager().get(reverse("admin:index")))


# All of one kind


def stuck(number: int, **over: Any) -> None:
    """So many people for whom something couldn't be done."""
    for each in range(number):
        differs(make_employee(name=f"Person {each}", auth_method="auth0", **over), Kind.STUCK)


def asked(group: str = "stuck", decision: str = "fix", **more: Any) -> dict[str, Any]:
    return {"group": group, "decision": decision, **more}


def test_all_of_one_kind_are_fixed_after_a_page_that_says_what_it_does() -> None:
    compared()
    browser = manager()
    stuck(3)
    assert "Fix all 3 in Auth0" in (listed := text(browser.get(PAGE, {"group": "stuck"})))
    assert "Take all" not in listed
    assert "Fix all" not in text(browser.get(PAGE))

    page = text(browser.get(TOGETHER, asked()))
    assert "3 differences of 3 people are brought in line" in page
    assert "The safety brake holds nobody." in page
    assert "Person 2" in page
    assert not Difference.objects.exclude(state=State.OPEN).exists(), "looking changes nothing"

    answer = browser.post(TOGETHER, asked(stamp="3-0"), follow=True)

    assert "3 differences are being brought in line in Auth0." in answer.content.decode()
    assert set(Difference.objects.values_list("state", flat=True)) == {State.FIXING}
    assert "is on its way" in text(answer).lower()


def test_all_of_one_kind_are_taken_over_by_the_rules_of_the_form() -> None:
    compared()
    browser = manager()
    for _ in range(2):
        differs(make_employee())
    group = f"field:{PHONE}"
    assert "Take all 2 over" in text(browser.get(PAGE, {"group": group}))
    page = text(browser.get(TOGETHER, asked(group, "take")))
    assert "the console gets what Auth0 has" in page
    assert "No call goes out for it." in page

    answer = browser.post(TOGETHER, asked(group, "take", stamp="2-0"), follow=True)

    assert "2 differences are being taken over." in answer.content.decode()
    decided = set(Difference.objects.values_list("state", "decision"))
    assert decided == {(State.FIXING, Difference.Decision.TAKE_OVER)}


def test_all_of_one_kind_are_left_with_a_reason_until_a_day() -> None:
    browser = manager()
    stuck(2)
    until = (timezone.localdate() + timedelta(days=9)).isoformat()
    for wrong in ({"reason": "On loan.", "until": "soon"}, {"reason": "", "until": until}):
        answer = browser.post(TOGETHER, asked(decision="ignore", stamp="2-0", **wrong))
        assert f'value="{wrong["until"]}"' in answer.content.decode()
        assert not Difference.objects.exclude(state=State.OPEN).exists()

    said = asked(decision="ignore", stamp="2-0", reason="On loan.", until=until)
    answer = browser.post(TOGETHER, said, follow=True)

    assert "2 differences are left as they are." in answer.content.decode()
    assert set(Difference.objects.values_list("reason", flat=True)) == {"On loan."}


@pytest.mark.parametrize(
    ("kind", "field", "follows"),
    [
        (Kind.FIELD, "user_metadata.department", "department code"),
        (Kind.ROLE, "roles", "role code, access level"),
    ],
)
def test_what_is_computed_from_a_value_that_is_taken_over_goes_out(
    kind: str, field: str, follows: str
) -> None:
    admin, _ = signed_in("admin")
    one = differs(make_employee(), kind, field=field, auth0=["finance"], wanted="admin")
    if kind == Kind.FIELD:
        Difference.objects.update(auth0="Packing", wanted="Picking")
    group = f"field:{field}" if kind == Kind.FIELD else kind

    for page in (
        admin.get(TOGETHER, asked(group, "take")),
        admin.get(reverse("admin:auth0sync_difference", args=[one.pk])),
    ):
        assert f"only for what is computed from it: {follows}." in text(page)


def test_nobody_is_deactivated_together() -> None:
    browser = manager()
    for _ in range(2):
        differs(make_employee(), Kind.SHUT, field="blocked", auth0=True, wanted=False)

    assert "Take all" not in text(browser.get(PAGE, {"group": "shut"}))
    page = text(browser.get(TOGETHER, asked("shut", "take")))
    assert "There is nothing here that you can decide so." in page


def test_a_second_click_finds_others_than_were_shown() -> None:
    browser = manager()
    stuck(1)
    browser.post(TOGETHER, asked(stamp="1-0"))

    answer = browser.post(TOGETHER, asked(stamp="1-0"))

    assert "there are others now than you saw" in answer.content.decode()
    assert "There is nothing here that you can decide so." in text(answer)


def test_what_has_moved_since_it_was_shown_isnt_decided() -> None:
    browser = manager()
    stuck(2)
    Difference.objects.filter(pk=Difference.objects.earliest("pk").pk).update(version=1)

    answer = browser.post(TOGETHER, asked(stamp="2-0"))

    assert "there are others now than you saw" in answer.content.decode()
    assert not Difference.objects.exclude(state=State.OPEN).exists()


def test_where_nothing_is_left_nothing_is_done() -> None:
    answer = manager().post(TOGETHER, asked(stamp="0-0"), follow=True)

    assert "Nothing was left to decide." in answer.content.decode()


def test_one_alone_is_fixed_as_one() -> None:
    browser = manager()
    stuck(1)
    assert "Fix all" not in text(browser.get(PAGE, {"group": "stuck"}))

    answer = browser.post(TOGETHER, asked(stamp="1-0"), follow=True)

    assert "1 difference is being brought in line" in answer.content.decode()


@pytest.mark.parametrize("wrong", [asked(""), asked("nonsense"), asked(decision="delete")])
def test_without_a_kind_and_a_decision_there_is_no_such_page(wrong: dict[str, str]) -> None:
    assert manager().get(TOGETHER, wrong)["Location"] == PAGE


def test_the_brake_is_told_beforehand(settings: Settings) -> None:
    settings.AUTH0_SAFETY_THRESHOLD = (1, 0)
    browser = manager()
    for _ in range(3):
        differs(make_employee(), Kind.ROLE, field="roles", risk="role", auth0=[], wanted="manager")

    page = text(browser.get(TOGETHER, asked("role")))
    answer = browser.post(TOGETHER, asked("role", stamp="3-0"), follow=True)

    assert "The safety brake holds 3 people until a second person agrees" in page
    assert "The safety brake holds 3 until a second person agrees." in answer.content.decode()


def test_what_somebody_may_not_decide_stays_and_is_said() -> None:
    lead, _ = team_lead()
    for role in ("production_associate", "manager"):
        stuck(1, department="Picking", workspace="MS", auth0_role=role)

    page = text(lead.get(TOGETHER, asked()))

    assert "1 difference of 1 person is brought in line" in page
    assert "1 other of this kind stays as it is" in page


# Which side wins by itself


def test_an_administrator_chooses_which_side_wins() -> None:
    admin, _ = signed_in("admin")
    assert "A person decides" in text(admin.get(RULES))

    answer = admin.post(RULES, {PHONE: "row", "role": "report", "open": "nonsense"}, follow=True)

    assert "The next comparison goes by it." in answer.content.decode()
    assert TenantState.objects.get(pk=1).compare_policy == {PHONE: "row"}
    assert "Nothing was changed." in admin.post(RULES, {PHONE: "row"}, follow=True).content.decode()


def test_nobody_else_may() -> None:
    assert manager().get(RULES).status_code == 403
    assert "which side wins" not in text(manager().get(PAGE))
