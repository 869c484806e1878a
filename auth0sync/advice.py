"""What a failure means to the person who looks after people, and what mends it. Pure.

Every code that the engine, the answers, the ownership rules and the invitations can leave with an
account has an entry in ``BY_CODE`` or, where its end is the network's or Auth0's to say, one in
``BY_BEGINNING``; a test collects the codes and fails for one without. The account's own sentence
(``Account.error``) names whom and what it is about and is shown beside the advice.
"""

from dataclasses import dataclass
from enum import StrEnum

from auth0sync.models import Attention


class Mending(StrEnum):
    """A way out that the console offers, as its button says it."""

    RETRY = "Try again"
    LINK = "Look at both accounts"
    CHANGE = "Change it in the form"
    INVITE = "Send the mail again"
    UNDO = "Undo the last change"
    ADMINISTRATOR = "Ask an administrator"


@dataclass(frozen=True)
class Advice:
    """happened: in a few words. what_to_do: a sentence. mendings: the most likely one first.

    field: the form's field to change, where the error itself doesn't name one.
    """

    happened: str
    what_to_do: str
    mendings: tuple[Mending, ...]
    field: str = ""


REJECTED = "rejected"  # the code of what a batch's decision has left undone (batches.py)
RETRY, CHANGE, INVITE = Mending.RETRY, Mending.CHANGE, Mending.INVITE
LINK, UNDO, ADMINISTRATOR = Mending.LINK, Mending.UNDO, Mending.ADMINISTRATOR

_TAKEN = Advice(
    "The e-mail belongs to another account in Auth0",
    "Look at both: link the account if it is this person's, or change the e-mail if it isn't.",
    (LINK, CHANGE, UNDO, RETRY),
    field="email",
)
_FOREIGN = Advice(
    "The account in Auth0 is somebody else's",
    "It is never touched. Change the e-mail of one of the two, then try again.",
    (LINK, CHANGE, UNDO, RETRY),
    field="email",
)
_SET_UP = Advice(
    "A setting in Auth0 is in the way",
    "An administrator has to mend it in Auth0; then it goes on by itself.",
    (ADMINISTRATOR, RETRY),
)
_WAITS = Advice(
    "Auth0 gave no usable answer",
    "The console goes on trying by itself. Nothing has to be done.",
    (RETRY,),
)
_REFUSED = Advice(
    "Auth0 refuses this person's data",
    "Correct what it names in the form; saving tries again.",
    (CHANGE, UNDO, RETRY),
)
_GONE = Advice(
    "The account was deleted in Auth0",
    "Set this person to sign in with the PIN, or ask an administrator to have deleted accounts "
    "made again (AUTH0_DELETED_POLICY).",
    (CHANGE, ADMINISTRATOR, RETRY),
    field="auth_method",
)

BY_CODE: dict[str, Advice] = {
    # Whose account it is (looking, ownership, steps)
    "auth0_idp_error": _TAKEN,
    "email_taken": _TAKEN,
    "not_linkable": _TAKEN,
    "email_moving": Advice(
        "Another person's account gives this e-mail up first",
        "The console goes on by itself as soon as that is done.",
        (RETRY,),
    ),
    "has_account": Advice(
        "There is an account already",
        "Another one wasn't linked, since a person has one. Try again to bring it in step.",
        (RETRY,),
    ),
    "link_gone": Advice(
        "The account to link isn't in Auth0 any more",
        "Try again: the console looks anew, and makes an account where there is none.",
        (RETRY, CHANGE),
        field="email",
    ),
    "held": Advice(
        "The account is another employee's here",
        "Two rows want one account. Change the e-mail of one of the two, then try again.",
        (CHANGE, UNDO, RETRY),
        field="email",
    ),
    "foreign_account": _FOREIGN,
    "shared_email": Advice(
        "Two active people have the same e-mail",
        "Change the e-mail of one of the two, or deactivate the one who isn't there any more.",
        (CHANGE, UNDO, RETRY),
        field="email",
    ),
    # What the row lacks (plan, engine)
    "needs_email": Advice(
        "The account keeps an e-mail that the row no longer has",
        "Give this person an e-mail of their own; saving tries again.",
        (CHANGE, UNDO, RETRY),
        field="email",
    ),
    "unknown_role": Advice(
        "The Auth0 role isn't one that there is",
        "Choose one of the five roles; saving tries again.",
        (CHANGE, UNDO, RETRY),
        field="auth0_role",
    ),
    # What Auth0 did
    "not_kept": Advice(
        "Auth0 didn't keep what was sent",
        "Try again. If it stays so, an administrator has to look for a rule in Auth0 that changes "
        "accounts.",
        (RETRY, ADMINISTRATOR),
    ),
    "unsettled": Advice(
        "Auth0 changes the account back each time",
        "An administrator has to look for a rule in Auth0 that changes accounts.",
        (ADMINISTRATOR, RETRY),
    ),
    "deleted": _GONE,
    "inexistent_user": _GONE,
    "http_404": _GONE,
    "bug": Advice(
        "The console has a fault",
        "It tries again within the hour. Tell an administrator: the console's log says more.",
        (ADMINISTRATOR, RETRY),
    ),
    REJECTED: Advice(
        "A second person rejected the change",
        "Nothing was done in Auth0. Put the row right, or try again to have it decided once more.",
        (UNDO, RETRY),
    ),
    # What is set up wrong for everybody
    "unauthorized": _SET_UP,
    "insufficient_scope": _SET_UP,
    "insufficient_entitlement": _SET_UP,
    "inexistent_connection": _SET_UP,
    "role_missing": _SET_UP,
    # What passes by itself
    "too_many_requests": _WAITS,
    "rate_limit": _WAITS,
    "switched_off": _WAITS,
    "task_time": _WAITS,
    "tenant_down": _WAITS,
    "other_account": _WAITS,
    "phantom_conflict": _WAITS,
    "unreadable_answer": _WAITS,
    "token_wait": _WAITS,
    "token_429": _WAITS,
    "restored": _WAITS,
    "token_answer": _WAITS,
    # Mails
    "no_mail_server": _SET_UP,
    "no_personal_email": Advice(
        "There is no personal e-mail to invite",
        "Add one, or have the invitation sent to the work e-mail.",
        (CHANGE, INVITE),
        field="personal_email",
    ),
    "other_email": _WAITS,
    "mail_refused": Advice(
        "The mail server refuses the address",
        "Check the e-mail for a typing error, then send the mail again.",
        (CHANGE, INVITE),
        field="email",
    ),
}
BY_BEGINNING: dict[str, Advice] = {
    "paused_": _SET_UP,
    "token_": _SET_UP,
    "unreachable_": _WAITS,
    "lost_": _WAITS,
    "mail_": _WAITS,
    "http_5": _WAITS,
    "http_408": _WAITS,
    "http_": _REFUSED,
}
"""The longest beginning that fits counts."""

BY_ATTENTION: dict[Attention, Advice] = {
    Attention.MAIL: Advice(
        "The mail wasn't sent",
        "Correct what it names, then send the mail again.",
        (CHANGE, INVITE),
        field="email",
    ),
    Attention.EMAIL: Advice(
        "There is no e-mail to make an account for",
        "Give this person an e-mail of their own, or have them sign in with the PIN.",
        (CHANGE,),
        field="email",
    ),
    Attention.ROW_GONE: Advice(
        "The row is gone",
        "The account is blocked and stays so. Nothing has to be done, unless it was a mistake.",
        (ADMINISTRATOR,),
    ),
}


def advice(attention: Attention, code: str) -> Advice:
    """What is to be said of an account that needs a person. Other codes are Auth0's own refusals.

    code: ``Account.error_code``.
    """
    found = BY_ATTENTION.get(attention) or BY_CODE.get(code) or _by_beginning(code)
    if attention != Attention.LEAVER:
        return found
    if code == REJECTED:
        return Advice(
            f"Somebody who left isn't locked out. {found.happened}",
            "If the person still works here, reactivate them. If not, try again, which has it "
            "decided once more. At the kiosk and in this console they are refused already.",
            (RETRY,),
        )
    mendings = tuple(each for each in found.mendings if each in (RETRY, ADMINISTRATOR)) or (RETRY,)
    return Advice(
        f"Somebody who left isn't locked out yet. {found.happened}",
        "Try again now. If it fails, an administrator has to block the account in Auth0's "
        "dashboard. At the kiosk and in this console the person is refused already.",
        mendings,
    )


def _by_beginning(code: str) -> Advice:
    fitting = [beginning for beginning in BY_BEGINNING if code.startswith(beginning)]
    return BY_BEGINNING[max(fitting, key=len)] if fitting else _REFUSED
