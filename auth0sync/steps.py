"""Doing one step of the plan, and storing at once what it has changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from auth0sync.account import Facts, Seen
from auth0sync.due import mark_due
from auth0sync.errors import Conflict, Gone, Misconfigured, Rejected, Transient
from auth0sync.invitations import wanted_invitation
from auth0sync.looking import email_taken, find_taken, goes_in_a_circle, look, own, take_over
from auth0sync.models import Origin, Priority, TenantState
from auth0sync.ownership import is_parked, is_unused, parked_email
from auth0sync.plan import (
    AddRole,
    Block,
    Close,
    Create,
    Delete,
    GiveUp,
    RemoveRole,
    Step,
    Update,
    holds,
)
from auth0sync.rows import active_holders
from auth0sync.run import Run
from auth0sync.tenant import Tenant
from employees.models import Invitation


def capability_of(step: Step) -> str:
    """What the step needs, as in errors.Misconfigured; a pause of it leaves the step out."""
    match step:
        case Create():
            return "create"
        case Update():
            return "block" if "blocked" in step.changes else "update"
        case GiveUp():
            return "update"
        case Block() | Close():
            return "block"
        case Delete():
            return "delete"
        case _:
            return "roles"


def do(run: Run, step: Step) -> None:
    """Do the step. Raises what the tenant raises; Unknown when it may or may not be done."""
    match step:
        case Create():
            _create(run, step)
        case Update():
            _update(run, step)
        case Block():
            _patch(run, {"blocked": True})
        case GiveUp():
            _patch(run, {"email": step.parked, "email_verified": False}, told=False)
        case Close():
            _close(run, step.what)
        case Delete():
            _delete(run)
        case _:
            _change_role(run, step)


def as_sent(step: Create, facts: Facts) -> dict[str, Any]:
    """The new account as it is sent, by whatever way; without id, password and connection."""
    markers = {
        "provisioned_at": timezone.now().isoformat(timespec="seconds"),
        "sync_status": "created",
    }
    return step.body | {
        "email_verified": facts.invitation == Invitation.VERIFIED,
        "app_metadata": step.body["app_metadata"] | markers,
    }


def _create(run: Run, step: Create) -> None:
    body = as_sent(step, run.row)
    mails = settings.AUTH0_SEND_VERIFICATION_EMAIL and not body["email_verified"]
    body |= {"verify_email": mails}
    run.has_tried_to_create = True
    try:
        profile = run.tenant.create_user(run.new_user_id, body)
    except Conflict:
        find_taken(run)
    else:
        own(run, profile, Origin.CREATED, roles=())


def _update(run: Run, step: Update) -> None:
    try:
        _patch(run, step.changes)
    except Conflict:
        if "email" not in step.changes:
            raise
        run.email_refused = email_taken(run)  # the other fields go out all the same
        if isinstance(run.email_refused, Transient) and goes_in_a_circle(run):
            # Somebody has to let go first; nobody is told of this address, and none stays there.
            parked = parked_email(run.installation, run.claim.employee_id)
            _patch(run, {"email": parked, "email_verified": False})


def _patch(run: Run, changes: dict[str, Any], *, told: bool = True) -> None:
    """Change these fields. told: whether a mail goes out where the e-mail is among them."""
    before = run.seen
    mail = {}
    if "email" in changes:  # Auth0 mails to a changed address by itself unless it is told not to
        mails = settings.AUTH0_SEND_VERIFICATION_EMAIL and not is_parked(changes["email"])
        mail = {"verify_email": mails}
    try:
        profile = run.tenant.update_user(before.user_id, changes | mail)
    except Gone:
        run.record(None)
        return
    if not holds(profile, changes):  # an odd answer is settled by a read, like a lost one
        profile = run.tenant.read_user(before.user_id)
        if not holds(profile, changes):
            raise Rejected("Auth0 didn't keep what was sent.", code="not_kept")
    columns: dict[str, Any] = {}
    if "email" in changes:
        columns["first_mail_at"] = None  # it went to the other address
    if "email" in changes and told:
        columns |= wanted_invitation(run.facts)
        columns["notice_to"] = _to_be_told(run.claim.account.notice_to, before.email, changes)
    elif changes.get("blocked") is False and run.claim.account.invitation_sent_at is None:
        columns = wanted_invitation(run.facts)
    run.record(Seen.of(profile, before), **columns)
    if "email" in changes:
        _wake_who_wants(before.email, run.claim.employee_id)


def _to_be_told(waiting: str, old: str, changes: dict[str, Any]) -> str:
    """The address to be told of the change, or "".

    Whoever waits to be told already comes first: the account may have been theirs before somebody
    took it over; unless the address is theirs again.
    """
    if waiting and waiting != changes["email"]:
        return waiting
    return "" if is_parked(old) else old[:254]


def _wake_who_wants(email: str, employee_id: int) -> None:
    """The e-mail is free now: whoever waited for it goes on at once."""
    wanting = active_holders({email}).get(email, [])
    mark_due([pk for pk in wanting if pk != employee_id], actor="engine", priority=Priority.BULK)


def _close(run: Run, what: str) -> None:
    seen = run.seen
    if what == "read_back":
        look(run)
        return
    try:
        if what == "sessions":
            run.tenant.end_sessions(seen.user_id)
        else:
            run.tenant.revoke_refresh_tokens(seen.user_id)
    except Gone:  # more than was asked for
        run.record(None)
        return
    run.record(replace(seen, closed=(*seen.closed, what)))


def _delete(run: Run) -> None:
    """Delete the account if it still is ours and nobody ever used it; else have it closed.

    Read first, whatever was seen before: somebody may have signed in a moment ago. A tenant that
    lets nobody delete accounts is no fault (docs/deployment.md), so that isn't a pause.
    """
    try:
        profile = run.tenant.read_user(run.seen.user_id)
    except Gone:
        run.claim.record(None)
        return
    take_over(run, profile)
    if is_unused(profile, run.claim.employee_id, run.installation):
        try:
            run.tenant.delete_user(run.seen.user_id)
        except Misconfigured as error:
            if error.code != "insufficient_scope":
                raise
        else:
            run.claim.record(None)
            return
    run.claim.record(run.seen, removal=False)


def _change_role(run: Run, step: AddRole | RemoveRole) -> None:
    seen = run.seen
    held = set(seen.roles or ())
    try:
        if isinstance(step, AddRole):
            with_role_id(run.tenant, step.role, lambda pk: run.tenant.add_role(seen.user_id, pk))
            held.add(step.role)
        else:
            with_role_id(run.tenant, step.role, lambda pk: run.tenant.remove_role(seen.user_id, pk))
            held.discard(step.role)
    except Gone:
        run.record(None)
        return
    run.record(seen.with_roles(tuple(sorted(held))))


def with_role_id(tenant: Tenant, name: str, change: Callable[[str], None]) -> None:
    """Change the role; made anew in the tenant it has another id, which is looked up once."""
    try:
        change(_role_id(tenant, name))
    except Misconfigured as error:
        if error.code != "role_missing":
            raise
        TenantState.objects.filter(pk=1).update(role_ids={})
        change(_role_id(tenant, name))


def _role_id(tenant: Tenant, name: str) -> str:
    """The tenant's id of a role, remembered for all processes."""
    known: dict[str, str] = TenantState.objects.get(pk=1).role_ids
    if name not in known:
        known[name] = tenant.role_id(name)
        TenantState.objects.filter(pk=1).update(role_ids=known)
    return known[name]
