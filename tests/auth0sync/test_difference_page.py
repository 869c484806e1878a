"""The page of one difference: what each way out would do, and what is decided there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from auth0sync.account import Seen
from auth0sync.engine import sync
from auth0sync.models import Account, Difference, TenantState
from auth0sync.side_by_side import side_by_side
from auth0sync.three_way import Verdict
from employees.models import Employee
from tests.auth0sync.people import account_of, add, row_of
from tests.builders import make_employee
from tests.devtenant.running import RunningTenant
from tests.signed_in import signed_in, team_lead

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PHONE = "user_metadata.phone_number"
OURS, THEIRS = "+1 601 555 0100", "+1 662 555 0199"
State, Kind = Difference.State, Difference.Kind


def page_of(difference: Difference) -> str:
    return reverse("admin:auth0sync_difference", args=[difference.pk])


def text(answer: Any) -> str:
    main = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def edited_in_auth0(tenant: RunningTenant) -> tuple[Employee, Difference]:
    """Ana, whose phone number somebody has changed in Auth0, as the comparison notes it."""
    ana = add("none", phone_number=OURS)
    sync(ana.pk)
    user_id = account_of(ana).user_id
    tenant.api("PATCH", f"/users/{user_id}", {"user_metadata": {"phone_number": THEIRS}})
    difference = Difference.objects.create(
        kind=Kind.FIELD,
        field=PHONE,
        employee_id=ana.pk,
        user_id=user_id,
        auth0=THEIRS,
        wanted=OURS,
        seen=OURS,
        read_at=timezone.now() + timedelta(seconds=1),
        open_key="ana",
    )
    return ana, difference


def phone_in(tenant: RunningTenant, ana: Employee) -> str:
    user = tenant.api("GET", f"/users/{account_of(ana).user_id}").json()
    return str(user["user_metadata"].get("phone_number"))


def press(browser: Any, difference: Difference, decision: str, **more: Any) -> Any:
    asked = {"decision": decision, "version": difference.version, **more}
    return browser.post(page_of(difference), asked, follow=True)


# The ways out


def test_the_page_says_which_call_would_go_out_and_makes_none(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)

    page = text(manager.get(page_of(one)))

    assert "Update phone number PATCH /api/v2/users/" in page
    assert "No call goes out." in page
    assert phone_in(tenant, ana) == THEIRS


def test_what_is_put_right_with_it_is_said(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)
    department = {"field": "user_metadata.department", "auth0": "Packing", "wanted": "Picking"}
    Difference.objects.create(kind=Kind.FIELD, employee_id=ana.pk, **department)

    page = text(manager.get(page_of(one)))

    assert "What else differs in this account is put right with it: another department." in page


def test_fixing_puts_the_rows_value_back(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)

    answer = press(manager, one, "fix")
    sync(ana.pk)

    assert "It is being brought in line in Auth0." in answer.content.decode()
    assert phone_in(tenant, ana) == OURS
    one.refresh_from_db()
    assert one.state == State.FIXING
    assert "It is on its way." in text(manager.get(page_of(one)))


def test_taking_over_writes_the_row_and_closes_it(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)

    answer = press(manager, one, "take")

    assert "Taken over into the console." in answer.content.decode()
    assert row_of(ana).phone_number == THEIRS
    assert "It is over: taken over" in text(manager.get(page_of(one)))
    assert "nothing has to be decided any more" in press(manager, one, "fix").content.decode()


def test_leaving_it_needs_a_reason_and_a_day_and_keeps_what_was_typed(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=make_employee().pk)
    until = (timezone.localdate() + timedelta(days=9)).isoformat()

    for wrong in ({"reason": " ", "until": until}, {"reason": "On loan.", "until": "soon"}):
        answer = press(manager, one, "ignore", **wrong)
        assert f'value="{wrong["until"]}"' in answer.content.decode()
        assert Difference.objects.get().state == State.OPEN
    assert 'value="On loan."' in answer.content.decode()

    answer = press(manager, one, "ignore", reason="On loan.", until=until)

    assert "then it comes back" in answer.content.decode()
    assert "On loan." in text(manager.get(page_of(one)))


def test_what_was_left_can_be_decided_again(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    one = Difference.objects.create(
        kind=Kind.STUCK, employee_id=make_employee().pk, state=State.IGNORED, reason="On loan."
    )
    assert "Decide it again" in text(manager.get(page_of(one)))

    press(manager, one, "reopen")

    one.refresh_from_db()
    assert one.state == State.OPEN


def test_somebody_can_look_after_it(state: TenantState) -> None:
    manager, person = signed_in("manager", name="Paula Plant")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=make_employee().pk)

    press(manager, one, "look-after")

    page = text(manager.get(page_of(one)))
    assert "Paula Plant looks after it." in page
    assert "I look after it" not in page


def test_an_account_of_nobody_is_linked_or_listed(state: TenantState) -> None:
    admin, _ = signed_in("admin")
    ana = make_employee(auth_method="auth0")
    Account.objects.create(pk=ana.pk)
    about = {"email": "who@example.com", "linkable": True}
    one = Difference.objects.create(kind=Kind.UNKNOWN, user_id="auth0|who", about=about)
    listed = Difference.objects.create(kind=Kind.UNKNOWN, user_id="auth0|x", about=about)

    assert "the number of the person" in press(admin, one, "link", person="x").content.decode()
    press(admin, one, "link", person=ana.pk)
    answer = press(admin, listed, "delete", reason="Nobody knows it.")

    assert account_of(ana).link_to == "auth0|who"
    assert "on the list of what is to be deleted" in answer.content.decode()
    listed.refresh_from_db()
    assert listed.state == State.LISTED
    assert "to be deleted in Auth0 by hand" in text(admin.get(page_of(listed)))


# Who, and when


def test_what_changed_meanwhile_is_refused_with_a_sentence(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=make_employee().pk)
    Difference.objects.update(version=7)

    answer = press(manager, one, "fix")

    assert "This has changed since it was shown: look at it again." in answer.content.decode()
    assert Difference.objects.get().state == State.OPEN


@pytest.mark.parametrize("asked", [{}, {"decision": "x", "version": 0}, {"decision": "fix"}])
def test_a_form_of_nobodys_making_does_nothing(state: TenantState, asked: dict[str, Any]) -> None:
    manager, _ = signed_in("manager")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=make_employee().pk)

    answer = manager.post(page_of(one), asked)

    assert "Nothing was done: press the button again." in answer.content.decode()
    assert Difference.objects.get().state == State.OPEN


def test_the_role_of_somebody_equal_isnt_taken_over_by_a_manager(state: TenantState) -> None:
    manager, _ = signed_in("manager")
    equal = make_employee(auth0_role="manager")
    one = Difference.objects.create(
        kind=Kind.ROLE, field="roles", employee_id=equal.pk, auth0=["finance"], wanted="manager"
    )

    page = text(manager.get(page_of(one)))

    assert "You can&#x27;t change how this person signs in: their role is as high as yours" in page
    assert "their role is as high" in press(manager, one, "take").content.decode()
    assert row_of(equal).auth0_role == "manager"


def test_finance_reads_and_decides_nothing(state: TenantState) -> None:
    finance, _ = signed_in("finance")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=make_employee().pk)

    page = text(finance.get(page_of(one)))

    assert "You can&#x27;t sync this person&#x27;s account: ask a manager." in page
    assert "I look after it" not in page
    assert press(finance, one, "fix").status_code == 403


def test_out_of_sight_is_like_not_there(state: TenantState) -> None:
    lead, _ = team_lead()
    other = make_employee(department="Packing", workspace="MS")
    one = Difference.objects.create(kind=Kind.STUCK, employee_id=other.pk)

    assert lead.get(page_of(one)).status_code == 404
    assert press(lead, one, "fix").status_code == 404
    assert lead.get(reverse("admin:auth0sync_difference", args=[987])).status_code == 404


@pytest.mark.parametrize(
    ("kind", "more", "does"),
    [
        (Kind.MISSING, {"is_read_again": True}, "Create the account POST /api/v2/users"),
        (Kind.MISSING, {}, "Read the account first"),
        (Kind.FIELD, {"field": PHONE}, "Read the account first"),
    ],
)
def test_what_cant_be_told_beforehand_begins_with_a_read(
    state: TenantState, kind: str, more: dict[str, Any], does: str
) -> None:
    manager, _ = signed_in("manager")
    one = Difference.objects.create(kind=kind, employee_id=make_employee().pk, **more)

    assert does in text(manager.get(page_of(one)))


# On both sides


def test_the_three_way_view_shows_what_the_comparison_read(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)
    second = Difference.objects.create(kind=Kind.DOUBLE, employee_id=ana.pk, user_id="auth0|2")

    found = side_by_side(ana.pk)
    answer = manager.get(reverse("admin:auth0sync_three_way", args=[ana.pk]))
    page = text(answer)

    (field,) = found.differences
    assert (field.row, field.auth0, field.seen) == (OURS, THEIRS, OURS)
    assert field.line.verdict == Verdict.THERE
    assert found.whole == [second]
    assert "What Auth0 has was read by the comparison" in page
    assert "Changed in Auth0" in page
    assert "Put the console’s phone number into Auth0" in page
    assert "a second account that is marked as" in page
    assert page_of(one) in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "row", "auth0", "rules", "said"),
    [
        (PHONE, OURS, THEIRS, {}, "until a person decides otherwise"),
        (PHONE, OURS, THEIRS, {PHONE: "auth0"}, "What Auth0 has counts: by rule"),
        ("roles", "production_associate", ["admin"], {"role": "row"}, "by rule, the next"),
        ("blocked", False, True, {"shut": "row"}, "by rule, the next comparison puts it back"),
    ],
)
def test_which_side_counts_follows_the_rule(
    tenant: RunningTenant, field: str, row: Any, auth0: Any, rules: dict[str, str], said: str
) -> None:
    ana, one = edited_in_auth0(tenant)
    TenantState.objects.update(compare_policy=rules)
    values = {"field": field, "wanted": row, "auth0": auth0, "seen": row}
    Difference.objects.filter(pk=one.pk).update(**values)

    (found,) = side_by_side(ana.pk).differences

    assert found.name == field
    assert said in found.why


def test_both_sides_may_have_moved(tenant: RunningTenant) -> None:
    ana, _ = edited_in_auth0(tenant)
    Employee.objects.filter(pk=ana.pk).update(phone_number="+1 601 555 0777")

    (field,) = side_by_side(ana.pk).differences

    assert field.line.verdict == Verdict.BOTH
    assert field.writer is not None and field.writer.door == "outside the console"


def test_what_was_read_before_the_account_was_seen_again_counts_no_more(
    tenant: RunningTenant,
) -> None:
    ana, one = edited_in_auth0(tenant)
    Difference.objects.update(read_at=timezone.now() - timedelta(hours=1))

    found = side_by_side(ana.pk)

    assert (found.differences, found.read_at) == ([], None)
    assert Seen.from_json(account_of(ana).seen or {}).user_metadata["phone_number"] == OURS


def test_a_decision_from_there_leads_back_there(tenant: RunningTenant) -> None:
    manager, _ = signed_in("manager")
    ana, one = edited_in_auth0(tenant)
    sides = reverse("admin:auth0sync_three_way", args=[ana.pk])

    asked = {"decision": "fix", "version": 0, "from": "three-way"}
    answer = manager.post(page_of(one), asked)

    assert answer["Location"] == sides
    assert "goes to Auth0 by itself" in text(manager.get(sides))
