"""The five steps of one employee, in the terminal and on the page; a dry run."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from auth0sync.account import APP_METADATA_KEYS, USER_METADATA_KEYS
from auth0sync.budget import Budget
from auth0sync.due import mark_due
from auth0sync.engine import sync
from auth0sync.explain import Explanation, explain
from auth0sync.field_words import WORDS
from auth0sync.models import (
    Account,
    Bucket,
    Heartbeat,
    Pause,
    StagedBatch,
    SyncLog,
    TenantState,
)
from auth0sync.moving import drain, drain_of, in_one_line, why_nothing_moves
from auth0sync.sides import TOP
from auth0sync.status import Weather
from employees.models import Employee
from employees.services import deactivate
from tests.auth0sync.people import account_of, add, by_sql
from tests.builders import boss, make_employee, make_mapping
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def explained(employee: Employee) -> Explanation:
    found = explain(employee.pk)
    assert found is not None
    return found


def told(employee: Employee) -> str:
    out = StringIO()
    call_command("auth0_explain", str(employee.pk), stdout=out)
    return out.getvalue()


def does(found: Explanation) -> list[str]:
    return [call.does for call in found.calls]


def steps_of(employee: Employee) -> str:
    return reverse("admin:auth0sync_steps", args=[employee.pk])


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())  # type: ignore[attr-defined]


# The five steps


def test_a_new_e_mail_is_an_update_of_the_account(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    by_sql(ana, email="new@example.com")

    assert does(explained(ana)) == ["update e-mail, e-mail verified"]


def test_a_newcomer_is_created_given_a_role_and_nothing_is_called(tenant: RunningTenant) -> None:
    ana = add(phone_number="+1 555 0100")
    make_mapping(ana, podfactory_email="ana.hp@example.com")

    found = explained(ana)

    assert ("Phone number", "+1 555 0100") in found.row
    assert ("PodFactory e-mails", "ana.hp@example.com") in found.row
    assert found.decision == "An account should be open for this person."
    assert does(found) == ["create the account", "give the role production_associate"]
    assert found.read_at is None
    assert {"email", "user_metadata.phone_number", "roles"} <= {d.name for d in found.differences}
    assert tenant.users() == []
    assert not SyncLog.objects.exists()


def test_what_is_predicted_is_what_the_engine_does(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    by_sql(ana, name="Ana Ortiz", auth0_role="team_lead")

    found = explained(ana)
    before = SyncLog.objects.count()
    sync(ana.pk)

    done = list(SyncLog.objects.order_by("id").values_list("action", flat=True)[before:])
    requests = [call.request.partition(" ")[0] for call in found.calls]
    assert requests == ["PATCH", "DELETE", "POST"]
    assert [one for one in done if one != "find role"] == [
        "update account",
        "take role away",
        "give role",
    ]
    assert {"name", "family_name", "roles"} <= {field.name for field in found.differences}
    assert explained(ana).calls == []
    assert explained(ana).holdups == ["Nothing is due: the row was worked off."]


@pytest.mark.parametrize(
    ("leaves", "first"),
    [({"is_active": False}, "block the account"), ({"name": "Ben Sample"}, "give up the e-mail")],
)
def test_an_address_that_somebody_else_wants_now_is_given_up(
    tenant: RunningTenant, leaves: dict[str, Any], first: str
) -> None:
    ben = add("none", email="b@example.com")
    sync(ben.pk)
    by_sql(ben, email=None, **leaves)
    add("none", email="b@example.com")

    found = explained(ben)
    before = SyncLog.objects.count()
    sync(ben.pk)

    assert does(found)[0].startswith(first)
    assert "give up the e-mail, which is somebody else's now" in does(found)
    assert "email" in {field.name for field in found.differences}
    done = SyncLog.objects.order_by("id").values_list("action", flat=True)[before:]
    assert len(done) == len(found.calls)


def test_the_invitation_that_waits_stands_among_the_calls(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    Account.objects.filter(pk=ana.pk).update(invitation="waiting")

    assert does(explained(ana)) == ["send the invitation"]


def test_a_leaver_is_blocked_step_by_step(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    by_sql(ana, is_active=False)

    found = explained(ana)

    assert found.decision == "Nobody may use the account. Deactivated."
    assert [call.request.partition(" ")[0] for call in found.calls] == [
        "PATCH",
        "DELETE",
        "DELETE",
        "GET",
    ]
    assert [field.name for field in found.differences] == ["blocked"]


@pytest.mark.parametrize(
    ("columns", "decision"),
    [
        ({"auth_method": "pin"}, "No account is wanted. Signs in with the PIN."),
        ({"is_active": False}, "No account is wanted. Deactivated."),
        ({"archived_at": "2026-01-01T00:00:00Z"}, "No account is wanted. In the archive."),
        (
            {"auth_method": "pin", "auth0_user_id": "auth0|theirs"},
            "No account is wanted. Signs in with the PIN. The account in the row isn't the "
            "console's to touch.",
        ),
        (
            {"auth_method": "auth0", "email": None},
            "An account is asked for, but there is no e-mail that one can be made for.",
        ),
    ],
)
def test_it_says_why_no_account_is_wanted(
    state: TenantState, columns: dict[str, object], decision: str
) -> None:
    found = explained(make_employee(**columns))

    assert (found.decision, found.calls, found.fields) == (decision, [], [])


def test_a_row_that_is_gone_leaves_the_account_to_be_closed(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    Employee.objects.filter(pk=ana.pk).delete()

    found = explained(ana)

    assert found.row == []
    assert found.decision == "Nobody may use the account. The row is gone."
    assert does(found)[0] == "block the account"


def test_what_only_a_person_can_mend_is_said_and_nothing_is_planned(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    by_sql(make_employee(), email=" ana@example.com")

    found = explained(ana)

    assert "This e-mail is also that of employee" in found.refused
    assert found.refused in found.decision
    assert found.calls == []
    assert ("blocked", "", "no") in [(f.name, f.wanted, f.seen) for f in found.fields]


def test_an_account_never_read_is_read_first_and_nothing_is_promised(state: TenantState) -> None:
    ana = make_employee(auth_method="auth0", auth0_user_id="auth0|from-before")

    found = explained(ana)

    assert does(found) == ["read the account first; what follows may change by it"]
    assert found.calls[0].request == "GET /api/v2/users/auth0|from-before"


def test_after_a_lost_answer_it_is_read_first_and_its_roles_too(tenant: RunningTenant) -> None:
    ana = add("none")
    sync(ana.pk)
    account = account_of(ana)
    assert account.seen
    Account.objects.filter(pk=ana.pk).update(seen={**account.seen, "roles": None})
    mark_due([ana.pk], actor="test", look=True)

    assert does(explained(ana))[:2] == [
        "read the account first; what follows may change by it",
        "read the roles",
    ]


def test_a_number_that_nobody_ever_had_is_an_error(state: TenantState) -> None:
    assert explain(987654) is None
    with pytest.raises(CommandError, match="no employee 987654"):
        call_command("auth0_explain", "987654")


@pytest.mark.parametrize("arguments", [(), ("7",)])
def test_without_a_database_it_is_one_line_too(arguments: tuple[str, ...]) -> None:
    def refuse(*arguments: Any) -> None:
        raise OperationalError(2002, "planted-host refuses")

    with (
        connection.execute_wrapper(refuse),
        pytest.raises(CommandError, match=r"^The database can't be asked \(OperationalError\)"),
    ):
        call_command("auth0_explain", *arguments)


# Why nothing moves


def test_everything_that_holds_all_up_is_named(state: TenantState, settings: Settings) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    TenantState.objects.update(down_since=Now())
    Pause.objects.create(
        capability="roles", code="role_missing", error="The role x doesn't exist.", probe_at=Now()
    )
    Bucket.objects.filter(pk="management").update(next_at=Now() + timedelta(minutes=5))

    found = " ".join(why_nothing_moves(Weather.today()))

    assert "Auth0 hasn't answered since" in found
    assert re.search(r"Paused since \d\d:\d\d UTC: The role x doesn't exist\.", found)
    assert re.search(r"limit is reached; it goes on in \d+ s", found)
    assert "No worker has shown a sign of life: is qcluster running?" in found


def test_a_worker_that_fell_silent_is_told_from_one_that_beats(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    beat = Heartbeat.objects.create(name="one", beaten_at=Now() - timedelta(hours=2))
    assert "sign of life since" in " ".join(why_nothing_moves(Weather.today()))

    Heartbeat.objects.filter(pk=beat.pk).update(beaten_at=Now())
    assert why_nothing_moves(Weather.today()) == []


def said_of_all(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("auth0_explain", *arguments, stdout=out)
    return out.getvalue().splitlines()


def a_worker() -> None:
    Heartbeat.objects.create(name="one", beaten_at=Now())


def test_without_a_number_one_line_says_why_nothing_moves_and_one_when_it_is_done(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    TenantState.objects.update(down_since=Now())
    add()

    found = said_of_all()

    assert len(found) == 2
    assert found[0].startswith("Auth0 hasn't answered since")
    assert found[0].endswith("No worker has shown a sign of life: is qcluster running?")
    assert found[1].startswith("1 person waits for ")
    assert "once that is out of the way" in found[1]
    assert said_of_all("--all") == found


def test_where_nothing_is_in_the_way_it_says_when_who_waits_is_done(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    a_worker()
    weather = Weather.today()
    assert in_one_line(weather) == "Nothing is in the way: whoever is due is done in turn."
    assert drain(weather) == "Nobody waits."

    add()

    assert re.fullmatch(
        r"1 person waits for \d calls; done in \d+ s at the .* pace\.", drain(weather)
    )


def test_who_is_held_or_paused_and_a_missing_mail_server_are_in_the_line_too(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    settings.MAIL_CONFIGURED = False
    a_worker()
    held = [add(email=f"{number}@example.com") for number in range(2)]
    batch = StagedBatch.objects.create(kind="changes")
    Account.objects.filter(pk=held[0].pk).update(batch=batch)
    one = in_one_line(Weather.today())
    Account.objects.update(batch=batch)

    assert "1 person waits for a second administrator" in one
    assert "2 people wait for a second administrator" in in_one_line(Weather.today())
    assert "No mail server is configured (EMAIL_URL), so invitations wait." in one

    Account.objects.update(batch=None)
    Pause.objects.create(capability="token", code="x", error="Refused.", probe_at=Now())
    assert drain(Weather.today()) == "Nobody waits for a call. 2 more wait for a pause to end."


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "about 1 s"), (600, "about 10 min"), (9000, "2.5 hours")]
)
def test_how_long_it_takes_is_said_roughly(seconds: int, said: str) -> None:
    weather = Weather.today()
    at = weather.now + timedelta(seconds=seconds)
    figures = Budget(weather.now, 0.0, None, 3, 1, at, 0)

    found = drain_of(figures, weather, is_held=True)

    assert found == f"3 people wait for 1 call; it takes {said} once that is out of the way."


def test_a_number_and_all_are_not_asked_for_together(state: TenantState) -> None:
    with pytest.raises(CommandError, match="either"):
        call_command("auth0_explain", "7", "--all")


def test_the_queue_is_told_with_who_asked_and_how_many_come_first(
    state: TenantState, settings: Settings
) -> None:
    settings.AUTH0_DOMAIN = "127.0.0.1:1"
    ana, ben = add(), add(name="Ben", email="ben@example.com")
    Account.objects.filter(pk=ben.pk).update(priority=0)
    Account.objects.filter(pk=ana.pk).update(lease="host:12:abc", lease_until=Now() + timedelta(30))

    holdups = " ".join(explained(ana).holdups)

    assert "as “changed by hand”, asked for by user 1; 1 before it in the queue." in holdups
    assert "A worker has it now (host:12), and gives it back" in holdups


def test_a_try_put_off_is_told_with_the_last_error(state: TenantState) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(
        due_at=Now() + timedelta(seconds=90),
        attempts=4,
        error="Auth0 can't be reached.",
        error_code="unreachable_ConnectError",
        error_at=Now(),
    )

    holdups = explained(ana).holdups

    assert holdups[0].startswith("Last error: Auth0 can't be reached. (code unreachable_")
    assert re.search(r"next try is in (89|90) s after 4 failed tries", holdups[-1])


def test_what_waits_for_a_person_says_so(state: TenantState) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(
        due_at=None, due_seq=1, done_seq=1, error="Auth0 refuses the name.", error_code="x"
    )

    assert explained(ana).holdups[-1].startswith("It waits for a person")


@pytest.mark.parametrize("number", [987654, 10**20])
def test_of_a_number_that_nobody_ever_had_there_is_no_page(state: TenantState, number: int) -> None:
    browser, _ = signed_in("admin")

    assert browser.get(reverse("admin:auth0sync_steps", args=[number])).status_code == 404


def test_of_somebody_who_left_it_says_when_the_block_is_looked_at_again(
    tenant: RunningTenant,
) -> None:
    manager, _ = signed_in("manager")
    ana = add(auth_method="auth0")
    sync(ana.pk)
    deactivate(ana.pk, boss(), "")
    sync(ana.pk)
    Account.objects.filter(pk=ana.pk).update(
        due_at=Now() + timedelta(seconds=90), look_at=Now() + timedelta(seconds=90)
    )

    holdup = explained(ana).holdups[-1]
    page = text(manager.get(steps_of(ana)))

    assert re.fullmatch(r"Nothing is left to do; the account is read again in (89|90) s\.", holdup)
    assert '<td data-label="Wanted">as it is</td>' in page, "a blocked account keeps its e-mail"


def test_an_account_that_nothing_will_look_at_says_no_time(state: TenantState) -> None:
    ana = add()
    Account.objects.filter(pk=ana.pk).update(due_at=None)

    assert not any("Due since" in line or "next try" in line for line in explained(ana).holdups)


# In the terminal


def test_the_command_says_the_five_steps_and_no_secret(tenant: RunningTenant) -> None:
    ana = add()
    sync(ana.pk)
    by_sql(ana, name="Ana Ortiz")

    said = told(ana)

    for title in ("1. The row", "2. Wanted", "3. In Auth0", "4. Differences", "5. Calls"):
        assert title in said
    assert "name: Ana O'Brien Ortiz -> Ana Ortiz" in said
    assert "update name, last name" in said
    assert "ticket=" not in said
    assert TenantState.objects.get().token not in said


# The page


def test_the_page_shows_both_sides_and_a_button(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana = add("none", name="Ana <b>& Söhne</b>")
    sync(ana.pk)
    by_sql(ana, name="Ana Ortiz")

    page = text(manager.get(steps_of(ana)))

    assert "&lt;b&gt;&amp; Söhne&lt;/b&gt;" in page
    assert "PATCH /api/v2/users/auth0|emp-" in page
    assert "Read Auth0 again and sync now" in page


def test_the_page_calls_the_fields_as_the_form_does_and_auth0s_name_is_small(
    tenant: RunningTenant,
) -> None:
    manager, _ = signed_in("manager")
    ana = add("none")
    sync(ana.pk)
    by_sql(ana, name="Ana Ortiz", phone_number="+1 555 0100")

    page = text(manager.get(steps_of(ana)))

    assert '<th scope="row">Last name <small>family_name</small></th>' in page
    assert '<th scope="row">Phone number <small>user_metadata.phone_number</small></th>' in page
    calls = page.partition("5. The calls")[2]
    assert "Update name, last name, full name, phone number, earlier names" in calls


def test_every_field_that_is_compared_has_a_word() -> None:
    names = {*USER_METADATA_KEYS, *APP_METADATA_KEYS, *TOP, "email_verified", "blocked", "roles"}

    assert names == set(WORDS)


def test_the_button_leads_back_to_the_page_and_has_the_account_read(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    ana = add()

    answer = manager.post(reverse("admin:auth0sync_sync_now", args=[ana.pk]), {"from": "steps"})

    assert answer["Location"] == steps_of(ana)
    assert account_of(ana).look_at is not None


def test_who_only_reads_sees_the_page_without_the_button(state: TenantState) -> None:
    finance, _ = signed_in("finance")
    ana = add()

    page = text(finance.get(steps_of(ana)))

    assert "1. The row" in page
    assert "Read Auth0 again" not in page
    assert "You can&#x27;t sync this person&#x27;s account" in page


def test_people_out_of_sight_have_no_such_page(state: TenantState) -> None:
    lead, me = team_lead()
    other = add(department="Packing", workspace="MS")

    assert lead.get(steps_of(other)).status_code == 404
    assert lead.get(steps_of(me)).status_code == 200
    nobody = Client()
    nobody.force_login(User.objects.create_user("nobody", is_staff=True))
    assert nobody.get(steps_of(me)).status_code == 403
    assert Client().get(steps_of(other)).status_code == 302


def test_the_page_costs_a_few_queries(
    state: TenantState, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    manager, _ = signed_in("manager")
    ana = add()
    manager.get(steps_of(ana))

    # 5 of who asks, 1 for the person, 15 of the explanation, 3 of the standing, 2 of the
    # comparison, 4 of the frame
    with django_assert_num_queries(30):
        manager.get(steps_of(ana))


def test_what_the_safety_brake_holds_is_said(state: TenantState) -> None:
    person = make_employee(auth_method="auth0")
    batch = StagedBatch.objects.create(kind=StagedBatch.Kind.CHANGES)
    Account.objects.create(pk=person.pk, due_seq=1, origin="created", batch=batch)

    told = explain(person.pk)

    assert told is not None
    assert told.holdups[0] == "The safety brake holds it until a second person has decided."
