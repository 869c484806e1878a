"""Doing one step of the plan, and storing at once what it has changed."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from auth0sync.account import Seen
from auth0sync.errors import Conflict, Gone, Misconfigured, Rejected
from auth0sync.invitations import wanted_invitation
from auth0sync.looking import find_taken, look, own
from auth0sync.models import Origin, TenantState
from auth0sync.plan import AddRole, Block, Close, Create, RemoveRole, Step, Update, holds
from auth0sync.run import Run
from employees.models import Invitation


def do(run: Run, step: Step) -> None:
    """Do the step. Raises what the tenant raises; Unknown when it may or may not be done."""
    match step:
        case Create():
            _create(run, step)
        case Update():
            _update(run, step)
        case Block():
            _patch(run, {"blocked": True})
        case Close():
            _close(run, step.what)
        case AddRole() | RemoveRole():
            _change_role(run, step)


def _create(run: Run, step: Create) -> None:
    verified = run.row.invitation == Invitation.VERIFIED
    body = step.body | {
        "email_verified": verified,
        "verify_email": settings.AUTH0_SEND_VERIFICATION_EMAIL and not verified,
        "app_metadata": step.body["app_metadata"]
        | {
            "provisioned_at": timezone.now().isoformat(timespec="seconds"),
            "sync_status": "created",
        },
    }
    try:
        profile = run.tenant.create_user(run.new_user_id, body)
    except Conflict:
        find_taken(run)
    else:
        own(run, profile, Origin.CREATED, roles=())


def _update(run: Run, step: Update) -> None:
    try:
        _patch(run, step.changes)
    except Conflict as conflict:
        if "email" not in step.changes:
            raise
        run.email_refused = conflict  # the other fields go out all the same


def _patch(run: Run, changes: dict[str, Any]) -> None:
    before = run.seen
    # Auth0 mails to a changed address by itself unless it is told not to.
    mail = {"verify_email": settings.AUTH0_SEND_VERIFICATION_EMAIL} if "email" in changes else {}
    try:
        profile = run.tenant.update_user(before.user_id, changes | mail)
    except Gone:
        run.record(None)
        return
    if not holds(profile, changes):
        raise Rejected("Auth0 didn't keep what was sent.", code="not_kept")
    columns: dict[str, Any] = {}
    if "email" in changes:
        columns = {"notice_to": before.email[:254], **wanted_invitation(run.facts)}
    elif changes.get("blocked") is False and run.claim.account.invitation_sent_at is None:
        columns = wanted_invitation(run.facts)
    run.record(Seen.of(profile, before), **columns)


def _close(run: Run, what: str) -> None:
    seen = run.seen
    if what == "read_back":
        look(run)
        return
    if what == "sessions":
        run.tenant.end_sessions(seen.user_id)
    else:
        run.tenant.revoke_refresh_tokens(seen.user_id)
    run.record(replace(seen, closed=(*seen.closed, what)))


def _change_role(run: Run, step: AddRole | RemoveRole) -> None:
    seen = run.seen
    held = set(seen.roles or ())
    try:
        if isinstance(step, AddRole):
            run.tenant.add_role(seen.user_id, _role_id(run, step.role))
            held.add(step.role)
        else:
            run.tenant.remove_role(seen.user_id, _role_id(run, step.role))
            held.discard(step.role)
    except Misconfigured as error:
        if error.code == "role_missing":  # made anew, it has another id
            TenantState.objects.filter(pk=1).update(role_ids={})
        raise
    except Gone:
        run.record(None)
        return
    run.record(seen.with_roles(tuple(sorted(held))))


def _role_id(run: Run, name: str) -> str:
    """The tenant's id of a role, remembered for all processes."""
    known: dict[str, str] = TenantState.objects.get(pk=1).role_ids
    if name not in known:
        known[name] = run.tenant.role_id(name)
        TenantState.objects.filter(pk=1).update(role_ids=known)
    return known[name]
