"""Reading accounts: what became of a lost answer, and whose an account is that exists already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from auth0sync import brake
from auth0sync.account import Seen
from auth0sync.claim import after
from auth0sync.errors import Conflict, Gone, Misconfigured, Unknown
from auth0sync.invitations import wanted_invitation
from auth0sync.models import Origin
from auth0sync.ownership import Whose, find_link, find_ours, whose
from auth0sync.run import Run
from employees.models import Employee, SyncStatus


def look_after(run: Run, error: Unknown) -> None:
    """Read at once what a write without an answer has done, and once more after the lease.

    A write that timed out may land late. Raises ``error`` when too many answers were lost.
    """
    run.claim.record(run.claim.seen, look_at=Now())  # first: whoever comes next has to look
    run.lost_answers += 1
    if run.lost_answers > settings.AUTH0_MAX_RETRIES:
        raise error
    look(run, again=after(settings.AUTH0_LEASE_SECONDS))


def look(run: Run, again: Any = None) -> None:
    """Read the account and store what is seen.

    The row's own ``auth0_user_id`` decides which account it is, before the derived id.
    again: the database time at which to look once more; None for never.
    """
    account, facts = run.claim.account, run.facts
    named = facts.auth0_user_id if facts and facts.asks_for_account else ""
    user_id = account.user_id or named or run.derived_user_id
    try:
        profile = run.tenant.read_user(user_id)
    except Gone:
        if user_id == named and not account.origin:
            replace_deleted(run)
        run.claim.record(None, look_at=again)
    else:
        take_over(run, profile, look_at=again)


def take_over(run: Run, profile: Mapping[str, Any], **columns: Any) -> None:
    """Store an account that was read: known already, ours by its marker, or to be linked."""
    owner = whose(profile, run.claim.employee_id, run.installation)
    if owner is Whose.FOREIGN:
        raise Conflict(
            "The account in Auth0 is marked as another employee's, or another installation's.",
            code="foreign_account",
        )
    if run.claim.account.origin:
        seen = replace(Seen.of(profile, run.claim.seen), roles=None)
        if seen.blocked and not run.asks_for_account:
            seen = replace(seen, closed=tuple(dict.fromkeys((*seen.closed, "read_back"))))
        run.record(seen, **columns)
    elif owner is Whose.OURS:
        own(run, profile, Origin.ADOPTED, **columns)
    else:
        _link(run, [profile], **columns)


def find_taken(run: Run) -> None:
    """A create was refused because something exists: find it, adopt or link it, or say so."""
    try:
        profile = run.tenant.read_user(run.derived_user_id)
    except Gone:
        found = run.tenant.find_by_email(run.row.email)
    else:
        take_over(run, profile)
        return
    if not found:
        raise Misconfigured(
            "Auth0 says that the account exists, but has none with this id or e-mail.",
            code="phantom_conflict",
            capability="create",
        )
    ours = find_ours(
        found,
        employee_id=run.claim.employee_id,
        installation=run.installation,
        connection=settings.AUTH0_CONNECTION,
    )
    if ours:
        own(run, ours, Origin.ADOPTED)
    else:
        _link(run, found)


def own(
    run: Run,
    profile: Mapping[str, Any],
    origin: Origin,
    roles: tuple[str, ...] | None = None,
    **columns: Any,
) -> None:
    """Record an account as this employee's own, in her row too, and have her invited."""
    seen = replace(Seen.of(profile), roles=roles)
    holders = Employee.objects.filter(auth0_user_id=seen.user_id)
    if other := holders.exclude(pk=run.claim.employee_id).first():
        raise Conflict(f"The account is already that of employee {other.pk}.", code="held")
    new_to_the_row = not Employee.objects.filter(
        pk=run.claim.employee_id, auth0_account_created_at__isnull=False
    ).exists()
    if new_to_the_row and not seen.email_verified:
        columns |= wanted_invitation(run.facts)
    columns |= {"user_id": seen.user_id, "origin": origin, "let_through": brake.NEW}
    run.record(seen, **run.fingerprint(seen.user_id), **columns)


def replace_deleted(run: Run) -> None:
    """The account was deleted in Auth0: make another, with a new subject, or ask.

    A new generation, so that a subject is never reborn for somebody else.
    """
    if settings.AUTH0_DELETED_POLICY != "recreate":
        raise Gone(
            "The account was deleted in Auth0. Set this person to sign in with the PIN, or ask an "
            "administrator to have deleted accounts made again (AUTH0_DELETED_POLICY).",
            code="deleted",
        )
    row = {
        "auth0_user_id": None,
        "auth0_account_created_at": None,
        "auth0_email_verified_at": None,
        "auth0_sync_status": SyncStatus.PENDING,
    }
    run.claim.record(
        None,
        row,
        user_id="",
        origin="",
        generation=run.claim.account.generation + 1,
        **run.fingerprint(""),
    )
    run.refresh()


def _link(run: Run, found: Sequence[Mapping[str, Any]], **columns: Any) -> None:
    """Link the one account that may be, after making sure that nobody knows its password."""
    link = find_link(
        found,
        employee_id=run.claim.employee_id,
        installation=run.installation,
        email=run.row.email,
        connection=settings.AUTH0_CONNECTION,
    )
    if isinstance(link, str):
        raise Conflict(link, code="not_linkable")
    if link.new_password:
        run.tenant.replace_password(str(link.profile["user_id"]))
    own(run, link.profile, Origin.LINKED, **columns)
