"""Reading accounts: what became of a lost answer, and whose an account is that exists already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Case, DateTimeField, F, When
from django.db.models.functions import Now

from auth0sync import brake, switch
from auth0sync.account import Facts, Seen
from auth0sync.claim import after
from auth0sync.due import mark_due
from auth0sync.errors import Conflict, Gone, NotNow, SyncError, Transient, Unknown
from auth0sync.invitations import wanted_invitation
from auth0sync.models import Account, Origin, Priority
from auth0sync.ownership import (
    Link,
    Whose,
    find_link,
    find_ours,
    generation_of,
    link_by_word,
    marked_for,
    parked_email,
    shown,
    whose,
)
from auth0sync.plan import GiveUp, Step
from auth0sync.rows import active_holders, read_facts
from auth0sync.run import Run
from employees.counters import count
from employees.models import Employee, SyncStatus

# After a look: one more when a lost write can land no later. Right in any order of the two.
_STILL_IN_DOUBT = Case(
    When(doubt_until__gt=Now(), then=F("doubt_until")), output_field=DateTimeField()
)
AFTER_A_LOOK: Mapping[str, Any] = {"look_at": _STILL_IN_DOUBT, "doubt_until": _STILL_IN_DOUBT}
CIRCLE_MOST = 20  # accounts that swap their e-mails in one circle


def look_after(run: Run, error: Unknown) -> None:
    """Read at once what a write without an answer has done, and once more after the lease.

    A write that timed out may land late. Raises ``error`` when too many answers were lost.
    """
    # First: whoever comes next has to look.
    doubt_until = after(settings.AUTH0_LEASE_SECONDS)
    run.claim.record(run.claim.seen, look_at=Now(), doubt_until=doubt_until)
    run.lost_answers += 1
    if run.lost_answers > settings.AUTH0_MAX_RETRIES:
        raise error
    look(run)


def look(run: Run) -> None:
    """Read the account and store what is seen.

    The row's own ``auth0_user_id`` decides which account it is, before the derived id. As long as
    a write whose answer was lost may still land, another look is planned.
    """
    account, facts = run.claim.account, run.facts
    named = facts.auth0_user_id if facts and facts.asks_for_account else ""
    user_id = account.user_id or named or run.derived_user_id
    try:
        profile = run.tenant.read_user(user_id)
    except Gone:
        if user_id == named and not account.origin:
            replace_deleted(run)
        run.claim.record(None, **AFTER_A_LOOK)
    else:
        take_over(run, profile, **AFTER_A_LOOK)


def take_over(run: Run, profile: Mapping[str, Any], **columns: Any) -> None:
    """Store an account that was read: known already, ours by its marker, or to be linked."""
    heed_restore(run, [profile])
    owner = whose(profile, run.claim.employee_id, run.installation)
    if owner is Whose.FOREIGN:
        raise Conflict(
            "The account in Auth0 is marked as another employee's, or another installation's.",
            code="foreign_account",
            found=_shown(run, [profile]),
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
        heed_restore(run, found)
    else:
        take_over(run, profile)
        return
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
        raise Conflict(
            f"The account is already that of employee {other.pk}.",
            code="held",
            found=_shown(run, [profile]),
        )
    new_to_the_row = not Employee.objects.filter(
        pk=run.claim.employee_id, auth0_account_created_at__isnull=False
    ).exists()
    if new_to_the_row and not seen.email_verified:
        columns |= wanted_invitation(run.facts)
    columns |= {
        "user_id": seen.user_id,
        "origin": origin,
        "link_to": "",
        "let_through": brake.NEW,
    }
    run.record(seen, **run.fingerprint(seen.user_id), **columns)
    count("auth0_accounts_linked" if origin == Origin.LINKED else "auth0_user_creation_success")


def replace_deleted(run: Run) -> None:
    """The account was deleted in Auth0: make another, or ask."""
    if settings.AUTH0_DELETED_POLICY != "recreate":
        raise Gone(
            "The account was deleted in Auth0. Set this person to sign in with the PIN, or ask an "
            "administrator to have deleted accounts made again (AUTH0_DELETED_POLICY).",
            code="deleted",
        )
    let_go(run)


def let_go(run: Run) -> None:
    """Know of no account any more: it was deleted.

    A new generation, so that a subject is never reborn for somebody else.
    """
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
        removal=False,
        ticket_until=None,
        first_mail_at=None,
        first_login_at=None,
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
        raise taken(run, found, link)
    _take_link(run, link, **columns)


def link_as_told(run: Run) -> None:
    """Link the account that a person said is this employee's; Conflict says why it can't be."""
    user_id = run.claim.account.link_to
    run.claim.record(run.claim.seen, link_to="")  # said once, tried once
    if run.claim.account.origin:
        raise Conflict("This person has an account already.", code="has_account")
    try:
        profile = run.tenant.read_user(user_id)
    except Gone:
        raise Conflict("The account to link isn't in Auth0 any more.", code="link_gone") from None
    link = link_by_word(
        profile,
        employee_id=run.claim.employee_id,
        installation=run.installation,
        connection=settings.AUTH0_CONNECTION,
    )
    if isinstance(link, str):
        raise Conflict(link, code="not_linkable", found=_shown(run, [profile]))
    _take_link(run, link)


def taken(run: Run, found: Sequence[Mapping[str, Any]], why: str) -> SyncError:
    """What it means that accounts stand in the way of the row's e-mail.

    Transient when the holder is one of ours that is about to move to another e-mail: the holder
    goes first. Else a conflict; why: in a sentence.
    """
    if not found:
        return Transient(
            "Auth0 says that the account exists, but has none with this id or e-mail.",
            code="phantom_conflict",
        )
    for profile in found:
        holder = marked_for(profile, run.installation)
        if holder and _is_moving_away(holder, profile, run.row.email):
            return Transient(
                f"The account of employee {holder} still has this e-mail and moves first.",
                code="email_moving",
            )
    return Conflict(why, code="email_taken", found=_shown(run, found))


def email_taken(run: Run) -> SyncError:
    """The same, for an account that Auth0 doesn't give the row's e-mail."""
    found = run.tenant.find_by_email(run.row.email)
    heed_restore(run, found)
    return taken(run, found, "Another account in Auth0 has this e-mail.")


def heed_restore(run: Run, found: Sequence[Mapping[str, Any]]) -> None:
    """Stop everything when an account is from a time that this database doesn't know.

    It carries our installation and a higher generation than we know, so the database is an older
    copy, and what it says of other accounts may be wrong too. The generation is noted: who resumes
    has been told of this account. Raises NotNow.
    """
    for profile in found:
        holder = marked_for(profile, run.installation)
        if holder is None:
            continue
        generation = generation_of(str(profile["user_id"]), run.installation, holder)
        account, _ = Account.objects.get_or_create(pk=holder)
        if generation > account.generation:
            Account.objects.filter(pk=holder).update(generation=generation)
            switch.pause_until_reconciled(
                f"Auth0 has account number {generation} of employee {holder}, this database knows "
                f"of {account.generation}: it looks like an older copy"
            )
            raise NotNow(
                "This database looks like an older copy.",
                code="restored",
                retry_after_s=switch.HELD_FOR_S,
            )


def goes_in_a_circle(run: Run) -> bool:
    """Whether the account that has this one's new e-mail waits, in the end, for this one's old.

    Who wants the old one is followed from account to account, through indexed columns.
    """
    email = run.seen.email
    for _ in range(CIRCLE_MOST):
        wanting = active_holders({email}).get(email, [])
        account = Account.objects.filter(pk__in=wanting).exclude(origin="").first()
        if len(wanting) != 1 or account is None or not account.seen:
            return False
        email = account.seen["email"]
        if email == run.row.email:
            return True
    return False


def giving_up(
    employee_id: int, facts: Facts | None, seen: Seen | None, installation: str
) -> list[Step]:
    """The step by which the account lets go of an e-mail that its row has given up.

    Only when somebody else wants it, who waits for that. Whoever has another one to go to goes
    there; here it is about those whose account is shut, whose row is gone, or who have no usable
    e-mail any more.
    """
    if seen is None or not _has_given_up(facts, seen.email) or (facts and facts.wants_account):
        return []
    others = set(active_holders({seen.email}).get(seen.email, [])) - {employee_id}
    if not any(other.wants_account for other in read_facts(others).values()):
        return []
    return [GiveUp(parked_email(installation, employee_id))]


def _has_given_up(facts: Facts | None, email: str) -> bool:
    """Whether the row wants this e-mail no more, and no person has to settle what it wants."""
    return facts is None or (facts.email != email and not facts.shares_email_with)


def _is_moving_away(holder: int, profile: Mapping[str, Any], email: str) -> bool:
    """Whether the holder's row has given the e-mail of this account of ours up; then it is due."""
    account = Account.objects.filter(pk=holder, user_id=profile["user_id"]).first()
    if account is None or not _has_given_up(read_facts([holder]).get(holder), email):
        return False
    if account.is_clean:
        mark_due([holder], actor=account.due_by, priority=Priority.BULK, look=True)
    return True


def _take_link(run: Run, link: Link, **columns: Any) -> None:
    if link.new_password:
        run.tenant.replace_password(str(link.profile["user_id"]))
    own(run, link.profile, Origin.LINKED, **columns)


def _shown(run: Run, profiles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The accounts as a manager may see them; one that another row has can't be linked."""
    found = [
        shown(
            profile,
            employee_id=run.claim.employee_id,
            installation=run.installation,
            connection=settings.AUTH0_CONNECTION,
        )
        for profile in profiles
    ]
    held = Employee.objects.filter(auth0_user_id__in=[each["user_id"] for each in found])
    taken_ids = set(held.exclude(pk=run.claim.employee_id).values_list("auth0_user_id", flat=True))
    if run.claim.account.origin:
        taken_ids |= {each["user_id"] for each in found}
    return [
        each | {"linkable": each["linkable"] and each["user_id"] not in taken_ids} for each in found
    ]
