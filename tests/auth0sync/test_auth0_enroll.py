"""``auth0_enroll``: the enrolment at the terminal."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from auth0sync import enrolling
from auth0sync.enrolling import Whom, begin
from auth0sync.enrolment import Choice
from auth0sync.management.commands import auth0_enroll
from auth0sync.management.commands.auth0_enroll import ACTOR
from employees.mass import changes, kinds
from employees.mass.models import MassChange
from employees.models import Change, Employee
from employees.selectors import invitation_of
from tests.auth0sync.enrolments import sync_all
from tests.auth0sync.people import row_of
from tests.builders import make_employee
from tests.devtenant.running import RunningTenant

pytestmark = pytest.mark.usefixtures("state")


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("auth0_enroll", *arguments, stdout=out)
    return out.getvalue()


def methods() -> set[str]:
    return set(Employee.objects.values_list("auth_method", flat=True))


def test_without_apply_it_says_who_would_get_one_and_why_not_and_changes_nothing() -> None:
    ana = make_employee(name="Ana Ruiz", department="Picking", workspace="TX")
    bo = make_employee(name="Bo Quill", email=None)

    found = said("--all").splitlines()

    assert found[0] == f"+ {ana.pk:>6} Ana Ruiz: hybrid, invitation work"
    assert found[1] == f"- {bo.pk:>6} Bo Quill: There is no e-mail."
    assert found[2] == "Gives 1 person in Texas an Auth0 account."
    assert "  No account: 1 no usable e-mail." in found
    assert found[-1] == "Nothing was changed. --apply does it."
    assert methods() == {"pin"}
    assert not MassChange.objects.exists()


def test_asked_to_be_brief_it_names_nobody() -> None:
    make_employee(name="Bo Quill", email=None)

    assert said("--all", "-v", "0") == (
        "Nobody would get an account.\n  No account: 1 no usable e-mail.\n"
    )


def test_with_apply_it_does_it_for_the_engine_to_make_the_accounts(tenant: RunningTenant) -> None:
    ana = make_employee(name="Ana Ruiz", department="Picking")
    bo = make_employee(name="Bo Quill", email=None)

    found = said("--all", "--apply")
    sync_all()

    assert f"+ {ana.pk:>6} Ana Ruiz: hybrid\n- {bo.pk:>6} Bo Quill: There is no e-mail.\n" in found
    assert "1 done. qcluster makes the accounts;" in found
    assert [user["email"] for user in tenant.users()] == [ana.email]
    line = Change.objects.filter(employee_id=ana.pk).latest("pk")
    assert (line.source, line.actor) == ("enrolment", "auth0_enroll")


def test_a_second_run_finds_nobody() -> None:
    make_employee()
    said("--all", "--apply")

    found = said("--all", "--apply")

    assert found == "Nobody would get an account.\n"


def test_the_way_and_the_invitation_can_be_chosen() -> None:
    ana = make_employee(department="Picking")

    said("--all", "--method", "auth0", "--invitation", "none", "--apply", "-v", "0")

    assert row_of(ana).auth_method == "auth0"
    assert invitation_of(ana.pk) == "none"


def test_only_those_who_are_meant_get_one() -> None:
    texan = make_employee(department="Picking", workspace="TX")
    packer = make_employee(department="Packing", workspace="MS")
    third = make_employee(department="Packing", workspace="MS")

    said("--workspace", "TX", "--department", "Picking", "--apply")
    said("--employee", str(third.pk), "--apply")

    assert [row_of(each).auth_method for each in (texan, packer, third)] == [
        "hybrid",
        "pin",
        "hybrid",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Say whom"),
        (["--all", "--workspace", "TX"], "leave out --department and --workspace"),
        (["--employee", "1", "--all"], "leave out --all"),
        (["--employee", "999999"], "There is no employee 999999"),
        (["--department", "Piking"], "There is no department “Piking”: "),
        (["--all", "--method", "pin"], "invalid choice"),
        (["--all", "--invite", "none"], "unrecognized arguments|ambiguous|invalid"),
        (["--everybody"], "required|unrecognized arguments"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_changes_nothing(
    arguments: list[str], problem: str
) -> None:
    make_employee()

    with pytest.raises(CommandError, match=problem):
        said(*arguments, "--apply")

    assert methods() == {"pin"}


def test_more_numbers_than_one_enrolment_takes_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auth0_enroll, "IDS_MOST", 1)

    with pytest.raises(CommandError, match="takes 1 numbers at most"):
        said("--employee", "1", "2")


def test_the_exit_status_tells_that_somebody_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = make_employee()
    monkeypatch.setitem(
        kinds._kinds,
        "enrolment",
        kinds.Kind(enrolling.prepare, enrolling.summarise, lambda *row: "They have just left."),
    )
    out = StringIO()

    with pytest.raises(CommandError, match="1 refused"):
        call_command("auth0_enroll", "--all", "--apply", stdout=out)

    assert "They have just left." in out.getvalue()
    assert "done." not in out.getvalue()
    assert row_of(ana).auth_method == "pin"


def test_it_says_when_nobody_could_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*change: object) -> bool:
        raise kinds.CannotPrepare("The table can’t be read.")

    monkeypatch.setitem(kinds._kinds, "enrolment", kinds.Kind(refuse, lambda change: {}))

    with pytest.raises(CommandError, match="The table can’t be read"):
        said("--all", "--apply")


def test_it_says_when_somebody_has_discarded_it_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    make_employee()
    monkeypatch.setattr(changes, "confirm", lambda *change: False)

    with pytest.raises(CommandError, match="has discarded it"):
        said("--all", "--apply")


def test_what_a_worker_has_taken_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth0_enroll, "LOOK_AGAIN_S", 0.05)
    make_employee()
    change = begin(Whom(), Choice(), ACTOR, "Everybody")
    MassChange.objects.filter(pk=change.pk).update(
        lease="another", lease_until=Now() + timedelta(seconds=0.3)
    )

    assert auth0_enroll._worked_off(change).state == MassChange.State.PREVIEW
