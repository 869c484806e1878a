"""The mails that go with an account: invitation, new password, and the notice to an old address.

A mail is a call too: it may be sent twice after a crash, never to a placeholder, and each try
carries a new link. The link is a credential; it is in no row and no log.
"""

import re
import time
from collections.abc import Callable
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models.functions import Coalesce, Now
from django.template.loader import render_to_string

from auth0sync import mail_pace, pauses
from auth0sync.account import Facts, Seen
from auth0sync.calls import Call, Outgoing
from auth0sync.claim import Claim, after
from auth0sync.errors import Misconfigured, NotNow, Paused, Rejected, SyncError, Transient
from auth0sync.expiry import hours_of_link
from auth0sync.gate import Gate
from auth0sync.mail_pace import Lane
from auth0sync.models import InvitationState, MailKind, Priority
from auth0sync.rate import Group
from auth0sync.rows import read_facts
from auth0sync.tenant import Tenant
from employees.counters import count
from employees.emails import is_usable
from employees.models import Invitation

SENT_BY_ITSELF = {Invitation.WORK, Invitation.PERSONAL, Invitation.AUTH0}
NOTICE_RETRY_S = 300
ACTIONS = {MailKind.INVITATION: "send invitation", MailKind.PASSWORD: "send password mail"}
OF_ALL = "mails_"  # begins the code of a refusal that the next mail would meet too
TOO_MANY = {421, 452, 454}
# Some servers say for good what is over tomorrow: the sender's own limit, of no address's making.
SENT_ENOUGH = re.compile(
    r"\b5\.4\.5\b|\b(daily|hourly|sending)\b.{0,40}\b(limit|quota|rate)\b", re.IGNORECASE
)
TOO_MANY_WORDS = re.compile(r"too (many|much|fast)|rate|limit|quota|throttl", re.IGNORECASE)
RETRY_AFTER_S = (60, 300, 900, 3600)  # the last one again and again


def wanted_invitation(facts: Facts | None) -> dict[str, Any]:
    """The columns of Account that have an invitation sent, if the row asks for one."""
    if facts is None or facts.invitation not in SENT_BY_ITSELF:
        return {}
    return {
        "mail_kind": MailKind.INVITATION,
        "invitation": InvitationState.WANTED,
        "invitation_at": Now(),
        "invitation_attempts": 0,
        "invitation_error": "",
    }


def send_due_mails(claim: Claim, tenant: Tenant, gate: Gate, facts: Facts, seen: Seen) -> None:
    """Send what is due, and record it; a mail that fails never makes the account unclean.

    Nothing is sent when the row has moved since ``facts``: its owner may be leaving.
    Raises: NotNow and LeaseLost.
    """
    notice = claim.account.notice_to
    # Whoever asks for one later makes the person due again.
    if not notice and claim.account.invitation not in {
        InvitationState.WANTED,
        InvitationState.WAITING,
    }:
        return
    claim.renew()
    if read_facts([facts.employee_id]).get(facts.employee_id) != facts:
        return
    told = not notice or _tell_old_address(claim, gate, facts, seen)
    if claim.invitation_is_due():
        _settle_invitation(claim, tenant, gate, facts, seen)
    if notice:  # last: an invitation that went out leaves no time of its own behind
        claim.plan_notice(None if told else NOTICE_RETRY_S)


def _settle_invitation(claim: Claim, tenant: Tenant, gate: Gate, facts: Facts, seen: Seen) -> None:
    kind = MailKind(claim.account.mail_kind)
    if not settings.MAIL_CONFIGURED and not _is_sent_by_auth0(kind, facts):
        error = Transient("No mail server is configured (EMAIL_URL).", code="no_mail_server")
        _wait(claim, seen, error)
        return
    lane = Lane.AUTH0 if _is_sent_by_auth0(kind, facts) else Lane.SERVER
    try:
        mail_pace.take_turn(lane, at_once=claim.account.priority != Priority.BULK)
    except NotNow as error:
        _wait_for_turn(claim, seen, lane, str(error))
        return
    # Before the call, so that a crash can't hide a link that is still open.
    hours = hours_of_link(is_sent_by_auth0=lane == Lane.AUTH0)
    claim.record(seen, ticket_until=after(hours * 3600))
    failure = _try_and_log(gate, ACTIONS[kind], kind, lambda: _invite(kind, tenant, facts, seen))
    if failure is None:
        mail_pace.taken(lane)
        first: dict[str, Any] = {}
        if kind == MailKind.INVITATION:
            first["first_mail_at"] = Coalesce("first_mail_at", Now())
        claim.record(
            seen,
            **first,
            invitation=InvitationState.SENT,
            invitation_at=None,
            invitation_sent_at=Now(),
            invitation_error="",
            invitation_attempts=0,
        )
    elif isinstance(failure, Paused):  # tried when the pause is probed; the account is clean
        _wait_for_turn(claim, seen, failure.capability, str(failure))
    elif failure.code.startswith(OF_ALL):
        _wait_for_turn(claim, seen, lane, str(failure))
    elif isinstance(failure, Rejected):
        claim.record(
            seen,
            invitation=InvitationState.FAILED,
            invitation_at=None,
            invitation_error=str(failure),
        )
    else:
        _wait(claim, seen, failure)


def _wait_for_turn(claim: Claim, seen: Seen, capability: str, why: str) -> None:
    """Due at once, but taken by nobody while all wait for the same; no try is counted."""
    claim.waits_for = capability
    claim.record(
        seen,
        invitation=InvitationState.WAITING,
        invitation_at=Now(),
        invitation_error=why[:500],
    )


def _wait(claim: Claim, seen: Seen, error: SyncError) -> None:
    tries = claim.account.invitation_attempts
    claim.record(
        seen,
        invitation=InvitationState.WAITING,
        invitation_at=after(RETRY_AFTER_S[min(tries, len(RETRY_AFTER_S) - 1)]),
        invitation_attempts=tries + 1,
        invitation_error=str(error),
    )


def _tell_old_address(claim: Claim, gate: Gate, facts: Facts, seen: Seen) -> bool:
    """Say there that the e-mail of the account was changed; False when it has to wait."""
    address = claim.account.notice_to
    if is_usable(address):
        if not settings.MAIL_CONFIGURED:
            return False
        failure = _try_and_log(
            gate,
            "tell old address",
            "address_changed",
            lambda: _send(address, "email/address_changed", {"name": facts.name}),
        )
        if isinstance(failure, Transient):
            return False
    claim.record(seen, notice_to="")
    return True


def _try_and_log(gate: Gate, action: str, kind: str, send: Callable[[], None]) -> SyncError | None:
    started = time.monotonic()
    failure: SyncError | None = None
    try:
        send()
    except Paused as error:
        return error
    except NotNow:
        raise
    except Misconfigured as error:
        return pauses.begin(error, gate.outgoing.action)
    except SyncError as error:
        failure = error
    took_ms = round((time.monotonic() - started) * 1000)
    gate.log(Call(Outgoing(action, "mail", Group.REST), None, took_ms, failure))
    was_refused = isinstance(failure, Rejected)
    outcome = "refused" if was_refused else "failed" if failure else "accepted"
    count("console_mails", kind=kind, outcome=outcome)
    return failure


def _is_sent_by_auth0(kind: MailKind, facts: Facts) -> bool:
    return kind == MailKind.INVITATION and facts.invitation == Invitation.AUTH0


def _invite(kind: MailKind, tenant: Tenant, facts: Facts, seen: Seen) -> None:
    if _is_sent_by_auth0(kind, facts):
        tenant.send_verification_mail(seen.user_id)
        return
    address = _address(kind, facts, seen)
    link = tenant.password_ticket(
        seen.user_id,
        # The link proves the address only where it was mailed (requirement A11).
        verifies_email=address == seen.email,
        hours=settings.AUTH0_INVITE_HOURS,
    )
    _send(
        address,
        f"email/{kind}",
        {
            "name": facts.name,
            "email": seen.email,
            "link": link,
            "hours": settings.AUTH0_INVITE_HOURS,
            "known": seen.email_verified,
        },
    )


def _address(kind: MailKind, facts: Facts, seen: Seen) -> str:
    if kind == MailKind.INVITATION and facts.invitation == Invitation.PERSONAL:
        if not is_usable(facts.personal_email):
            raise Rejected(
                "The invitation should go to the personal e-mail, but there is none that can be "
                "used: add one, or send the invitation to the work e-mail.",
                code="no_personal_email",
                field="personal_email",
            )
        return facts.personal_email
    if seen.email != facts.email:
        # What changes the e-mail is paused; a link asked for by hand isn't lost meanwhile.
        raise Transient(
            "The account's e-mail isn't the one in the form yet, so no link was sent.",
            code="other_email",
        )
    return seen.email


def _send(address: str, template: str, context: dict[str, object]) -> None:
    subject = render_to_string(f"{template}_subject.txt", context).strip()
    message = EmailMessage(subject, render_to_string(f"{template}.txt", context), to=[address])
    # The errors of smtplib may hold the message, and the message holds the link: none is chained.
    failure: SyncError | None = None
    try:
        message.send()
    except (SMTPException, OSError) as error:
        failure = _meaning(error)
    if failure:
        raise failure


def _meaning(error: SMTPException | OSError) -> SyncError:
    """What it means that a mail wasn't taken: for this address, or for all of them."""
    code, said = 0, ""
    if isinstance(error, SMTPRecipientsRefused):
        code, said = next((code, str(text)) for code, text in error.recipients.values())
        if code >= 500 and not SENT_ENOUGH.search(said):
            return Rejected(
                "The mail server refuses the address: check it for a typing error.",
                code="mail_refused",
                field="email",
            )
    elif isinstance(error, SMTPResponseException):
        code, said = error.smtp_code, str(error.smtp_error)
    had_enough = (
        code in TOO_MANY
        or bool(SENT_ENOUGH.search(said))
        or (400 <= code < 500 and bool(TOO_MANY_WORDS.search(said)))
    )
    is_alone = isinstance(error, SMTPRecipientsRefused | SMTPDataError)
    name = type(error).__name__
    if is_alone and not had_enough:
        return Transient("The mail server doesn't take the mail.", code=f"mail_{name}")
    mail_pace.refused(Lane.SERVER, had_enough=had_enough)
    return Transient("The mail server takes no mails at the moment.", code=f"{OF_ALL}{name}")
