"""How an account is, in plain words; and the same in SQL, for the list's filter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from auth0sync.models import Account, Attention, Bucket, SyncLog, TenantState
from auth0sync.status import (
    STANDINGS,
    Standing,
    Weather,
    account_block,
    clock,
    invitation_text,
    standing,
    why_no_invitation,
    why_no_sync,
)
from employees.models import Employee
from tests.builders import make_employee

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
BEFORE = datetime(2026, 3, 12, 9, 2, tzinfo=UTC)
LATER = datetime(2026, 3, 12, 9, 45, tzinfo=UTC)
FAR = datetime(2126, 3, 12, tzinfo=UTC)
FINE = Weather(NOW)

OURS = {"user_id": "auth0|emp-1", "origin": "created", "seen": {"blocked": False}}
INVITED = {"invitation": "sent", "invitation_sent_at": BEFORE, "ticket_until": BEFORE}
DUE = {"due_seq": 2, "done_seq": 1, "due_at": BEFORE}
GIVEN_UP = {
    "error_code": "invalid_body",
    "error": "Auth0 refuses the name.",
    "error_field": "name",
    "attention": Attention.FAILED,
}
ASKS = {"is_active": True, "auth_method": "hybrid", "email": "ana@example.com"}
PIN = {"is_active": True, "auth_method": "pin", "email": "ana@example.com"}
GONE = {**ASKS, "is_active": False, "auth0_user_id": "auth0|emp-1", "auth0_sync_status": "created"}

# row, account (None: never noted), label, tone, the filters that find this person
CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str, str, set[str]]] = {
    "PIN only": (PIN, {}, "No account wanted", "quiet", {"none"}),
    "PIN only, never noted": (PIN, None, "No account wanted", "quiet", {"none"}),
    "PIN only, an old refusal": (PIN, GIVEN_UP, "No account wanted", "quiet", {"none"}),
    "left, never had one": (
        {**ASKS, "is_active": False},
        {},
        "No account wanted",
        "quiet",
        {"none"},
    ),
    "somebody else's": (
        {**PIN, "auth0_user_id": "auth0|other"},
        {},
        "Account of another system: left alone",
        "attention",
        {"review"},
    ),
    "no e-mail": ({**ASKS, "email": None}, DUE, "Needs an e-mail", "attention", {"attention"}),
    "placeholder": (
        {**ASKS, "email": "7@company.com"},
        {"attention": Attention.EMAIL},
        "Needs an e-mail",
        "attention",
        {"attention"},
    ),
    "not noted yet": (ASKS, None, "Waiting for Auth0", "waiting", {"waiting"}),
    "to be made": (
        {**ASKS, "auth0_sync_status": "pending"},
        DUE,
        "Waiting for Auth0",
        "waiting",
        {"waiting"},
    ),
    "refused": (
        {**ASKS, "auth0_sync_status": "failed"},
        GIVEN_UP,
        "Needs attention",
        "attention",
        {"attention", "review"},
    ),
    "refused, then changed": (
        {**ASKS, "auth0_sync_status": "pending"},
        {**GIVEN_UP, **DUE},
        "Waiting for Auth0",
        "waiting",
        {"waiting"},
    ),
    "created": (
        {**ASKS, "auth0_sync_status": "created"},
        OURS,
        "Created, e-mail not verified",
        "good",
        {"created"},
    ),
    "created, invitation refused": (
        {**ASKS, "auth0_sync_status": "created"},
        {
            **OURS,
            "invitation": "failed",
            "invitation_error": "No personal e-mail.",
            "attention": Attention.MAIL,
        },
        "Created, invitation not sent",
        "attention",
        {"created", "attention", "review"},
    ),
    "created, invited in vain": (
        {**ASKS, "auth0_sync_status": "created"},
        {**OURS, **INVITED},
        "Created, invitation expired",
        "attention",
        {"created", "expired"},
    ),
    "created, link still open": (
        {**ASKS, "auth0_sync_status": "created"},
        {**OURS, **INVITED, "ticket_until": FAR},
        "Created, e-mail not verified",
        "good",
        {"created"},
    ),
    "created, has signed in": (
        {**ASKS, "auth0_sync_status": "created"},
        {**OURS, **INVITED, "first_login_at": BEFORE},
        "Created, e-mail not verified",
        "good",
        {"created"},
    ),
    "created, asked for a password": (
        {**ASKS, "auth0_sync_status": "created"},
        {**OURS, **INVITED, "mail_kind": "password"},
        "Created, e-mail not verified",
        "good",
        {"created"},
    ),
    "verified": ({**ASKS, "auth0_sync_status": "verified"}, OURS, "Verified", "good", {"verified"}),
    "verified, changed": (
        {**ASKS, "auth0_sync_status": "verified"},
        {**OURS, **DUE},
        "Waiting for Auth0",
        "waiting",
        {"waiting"},
    ),
    "conflict over a new e-mail": (
        {**ASKS, "auth0_sync_status": "failed"},
        {**OURS, **GIVEN_UP},
        "Needs attention",
        "attention",
        {"attention", "review"},
    ),
    "leaving": (GONE, {**OURS, **DUE}, "Being blocked", "waiting", {"waiting"}),
    "left": (GONE, {**OURS, "seen": {"blocked": True}}, "Blocked", "quiet", {"blocked"}),
    "left, refused": (
        GONE,
        {**OURS, **GIVEN_UP},
        "Needs attention",
        "attention",
        {"attention", "review"},
    ),
    "left, deleted in Auth0": (
        GONE,
        {**OURS, "seen": None},
        "Account deleted in Auth0",
        "quiet",
        {"none"},
    ),
    "put away": (
        {**GONE, "archived_at": BEFORE},
        {**OURS, "seen": {"blocked": True}},
        "Blocked",
        "quiet",
        {"blocked"},
    ),
}
each_case = pytest.mark.parametrize(
    ("row", "columns", "label", "tone", "filters"), CASES.values(), ids=CASES.keys()
)


def stand(row: dict[str, Any], columns: dict[str, Any] | None, weather: Weather = FINE) -> Standing:
    account = None if columns is None else Account(pk=1, **columns)
    return standing(Employee(pk=1, **row), account, weather)


@each_case
def test_the_label_and_the_tone_say_how_the_account_is(
    row: dict[str, Any],
    columns: dict[str, Any] | None,
    label: str,
    tone: str,
    filters: set[str],
) -> None:
    found = stand(row, columns)

    assert (found.label, found.tone) == (label, tone)


@pytest.mark.parametrize(
    ("row", "columns", "said"),
    [
        (
            {**ASKS, "is_active": False},
            {},
            ("No account yet", "It is made when they start, on Monday."),
        ),
        (
            {**ASKS, "is_active": False, "email": None},
            {},
            (
                "No account yet",
                "It is made when they start, on Monday. A real e-mail is needed by then.",
            ),
        ),
        (
            {**PIN, "is_active": False},
            {},
            ("No account wanted", "They start on Monday."),
        ),
        (
            {**GONE, "archived_at": BEFORE},
            {**OURS, "seen": {"blocked": True}},
            ("Blocked", "It is opened when they come back, on Monday."),
        ),
    ],
    ids=["newcomer", "without an e-mail", "with the PIN", "coming back"],
)
def test_whoever_starts_as_planned_is_told_what_happens_then(
    row: dict[str, Any], columns: dict[str, Any], said: tuple[str, str]
) -> None:
    found = standing(Employee(pk=1, **row), Account(pk=1, **columns), FINE, "Monday")

    assert (found.label, found.detail) == said


@pytest.mark.django_db
@each_case
def test_the_filters_find_the_same_people(
    row: dict[str, Any],
    columns: dict[str, Any] | None,
    label: str,
    tone: str,
    filters: set[str],
) -> None:
    employee = make_employee(**row)
    if columns is not None:
        Account.objects.create(pk=employee.pk, **columns)

    found = {
        name
        for name, (_, condition) in STANDINGS.items()
        if Employee.objects.filter(condition, pk=employee.pk).exists()
    }

    assert found == filters


def test_an_expired_invitation_says_when_and_what_to_do() -> None:
    assert stand({**ASKS, "auth0_sync_status": "created"}, {**OURS, **INVITED}).detail == (
        "Invitation sent 09:02 UTC; its link ended 09:02 UTC, unused. Send it again for a new one."
    )


def test_a_refusal_is_given_as_its_reason() -> None:
    assert stand(ASKS, GIVEN_UP).detail == "Auth0 refuses the name."


@pytest.mark.parametrize(
    ("weather", "columns", "why"),
    [
        (Weather(NOW, off="The link to Auth0 is switched off."), DUE, "switched off."),
        (Weather(NOW, down_since=BEFORE), DUE, "hasn't answered since 09:02 UTC"),
        (Weather(NOW, limited_until=LATER), DUE, "limit is reached; it goes on 09:45 UTC"),
        (FINE, DUE, "Stands in the queue. Waiting since 09:02 UTC."),
        (FINE, {**DUE, "due_at": LATER}, "Stands in the queue. Next try 09:45 UTC."),
        (FINE, {**DUE, "lease_until": LATER}, "Being done now."),
        (FINE, {**DUE, "due_at": LATER, "doubt_until": LATER}, "An answer was lost"),
        (
            FINE,
            {**DUE, "due_at": LATER, "attempts": 2, "error": "Auth0 gave no usable answer."},
            "Auth0 gave no usable answer. Next try 09:45 UTC.",
        ),
        (FINE, None, "in a moment"),
    ],
)
def test_whoever_waits_is_told_why(
    weather: Weather, columns: dict[str, Any] | None, why: str
) -> None:
    assert why in stand(ASKS, columns, weather).detail


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (PIN, "Signs in with the PIN."),
        ({**ASKS, "is_active": False}, "Deactivated."),
        ({**PIN, "archived_at": BEFORE}, "In the archive."),
    ],
)
def test_no_account_is_explained(row: dict[str, Any], detail: str) -> None:
    assert stand(row, None).detail == detail


def test_a_block_says_when_it_was_seen() -> None:
    columns = {**OURS, "seen": {"blocked": True}, "seen_at": BEFORE}
    assert stand(GONE, columns).detail == "Deactivated. Seen blocked 09:02 UTC."


def test_a_verified_account_says_when_that_was_noticed() -> None:
    row = {**ASKS, "auth0_sync_status": "verified", "auth0_email_verified_at": BEFORE}
    assert stand(row, OURS).detail == "Noticed 09:02 UTC."


@pytest.mark.parametrize(
    ("columns", "weather", "text"),
    [
        ({}, FINE, ""),
        ({"invitation": "sent", "invitation_sent_at": BEFORE}, FINE, "sent 09:02 UTC"),
        ({"invitation": "wanted"}, FINE, "waiting: the account comes first"),
        ({"invitation": "wanted", **OURS}, FINE, "waiting: it goes out in a moment"),
        (
            {"invitation": "wanted", "invitation_sent_at": BEFORE, **OURS},
            FINE,
            "waiting: it goes out in a moment (before: sent 09:02 UTC)",
        ),
        (
            {"invitation": "waiting", "invitation_error": "The mail server doesn't take it."},
            FINE,
            "waiting: The mail server doesn't take it",
        ),
        (
            {"invitation": "waiting"},
            Weather(NOW, has_mail_server=False),
            "waiting: no mail server is configured (EMAIL_URL)",
        ),
        ({"invitation": "failed", "invitation_error": "No address."}, FINE, "failed: No address."),
    ],
)
def test_the_invitation_says_how_far_it_is(
    columns: dict[str, Any], weather: Weather, text: str
) -> None:
    assert invitation_text(Account(pk=1, **columns), weather) == text


def test_a_created_account_tells_of_its_invitation() -> None:
    columns = {**OURS, "invitation": "sent", "invitation_sent_at": BEFORE}
    assert stand(ASKS, columns).detail == "Invitation sent 09:02 UTC."
    assert stand(ASKS, OURS).detail == "Nobody was invited."


def test_a_password_mail_is_not_called_an_invitation() -> None:
    sent = {**OURS, "mail_kind": "password", "invitation_sent_at": BEFORE}

    assert stand(ASKS, {**sent, "invitation": "sent"}).detail == "Password mail sent 09:02 UTC."
    assert stand(ASKS, {**sent, "invitation": "failed"}).label == "Created, password mail not sent"


@pytest.mark.parametrize(
    ("row", "columns", "why"),
    [
        (ASKS, OURS, ""),
        (ASKS, {**OURS, "invitation": "waiting"}, ""),
        (ASKS, {**OURS, "invitation": "wanted"}, "on its way already"),
        (ASKS, {**OURS, "invitation_sent_at": NOW - timedelta(seconds=59)}, "less than a minute"),
        (ASKS, {**OURS, "invitation_sent_at": NOW - timedelta(seconds=61)}, ""),
        (ASKS, {}, "no account yet"),
        (ASKS, None, "no account yet"),
        (PIN, OURS, "no account is wanted"),
    ],
)
def test_an_invitation_goes_out_only_where_it_makes_sense(
    row: dict[str, Any], columns: dict[str, Any] | None, why: str
) -> None:
    account = None if columns is None else Account(pk=1, **columns)
    found = why_no_invitation(Employee(pk=1, **row), account, NOW)
    assert bool(found) == bool(why)
    assert why in found


@pytest.mark.parametrize(
    ("row", "columns", "is_possible"),
    [(ASKS, None, True), (PIN, OURS, True), (PIN, DUE, True), (PIN, {}, False), (PIN, None, False)],
)
def test_there_is_something_to_sync_where_an_account_is_or_is_wanted(
    row: dict[str, Any], columns: dict[str, Any] | None, is_possible: bool
) -> None:
    account = None if columns is None else Account(pk=1, **columns)
    assert (why_no_sync(Employee(pk=1, **row), account) == "") == is_possible


def test_times_of_other_days_carry_their_date() -> None:
    assert clock(BEFORE, NOW) == "09:02 UTC"
    assert clock(BEFORE, NOW + timedelta(days=1)) == "12 March, 09:02 UTC"
    assert clock(BEFORE, NOW + timedelta(days=365)) == "12 March 2026, 09:02 UTC"


@pytest.fixture
def chicago() -> Iterator[None]:
    with timezone.override("America/Chicago"):
        yield


@pytest.mark.usefixtures("chicago")
def test_times_are_in_the_current_zone_and_name_it() -> None:
    assert clock(BEFORE, NOW) == "04:02 CDT"


def test_the_weather_is_what_the_tenants_state_says(state: TenantState) -> None:
    TenantState.objects.update(down_since=BEFORE)
    soon = timezone.now() + timedelta(seconds=30)
    Bucket.objects.update(next_at=soon)

    weather = Weather.today()

    assert weather.down_since == BEFORE
    assert weather.limited_until == soon
    assert abs(weather.now - timezone.now()) < timedelta(minutes=1)


def test_a_short_wait_for_a_slot_is_no_limit(state: TenantState) -> None:
    Bucket.objects.update(next_at=timezone.now() + timedelta(seconds=1))
    assert Weather.today().limited_until is None


@pytest.mark.django_db
def test_without_the_tenants_state_the_weather_is_still_told() -> None:
    TenantState.objects.all().delete()
    assert Weather.today().down_since is None


@pytest.mark.django_db
def test_the_page_shows_the_last_twenty_operations_of_this_employee() -> None:
    ana, ben = make_employee(), make_employee()
    for _ in range(21):
        SyncLog.objects.create(employee_id=ana.pk, action="read account", status="success")
    SyncLog.objects.create(employee_id=ben.pk, action="create account", status="success")

    rows = account_block(ana)["log"]

    assert len(rows) == 20
    assert {row.employee_id for row, _ in rows} == {ana.pk}
    assert rows[0][0].pk > rows[1][0].pk
