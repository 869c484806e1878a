"""``/``: the page of whoever is signed in. Its buttons write that a mail is due, or sign out."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from auth0sync.due import invite_again
from auth0sync.models import Account, MailKind
from auth0sync.status import Weather, invitation_text, why_no_invitation
from employees.actors import actor_of, link_of
from employees.authority import Actor
from employees.console_sessions import living, sign_out_elsewhere
from employees.emails import normalise_email
from employees.models import Auth0Role, AuthMethod, Employee, Invitation, SyncStatus, Workspace
from employees.selectors import invitation_of

SESSIONS_SHOWN = 5

WHAT_ROLES_OPEN = {
    Auth0Role.TEAM_LEAD: "You can manage the people of your department at your workspace.",
    Auth0Role.FINANCE: "You can see everybody, and change nobody.",
    Auth0Role.MANAGER: "You can manage people.",
    Auth0Role.ADMIN: "You can manage people, and everything else in the console.",
}


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Who the console thinks I am, and what I can do about it."""
    link = link_of(request)
    sessions = _sessions_of(request)
    if link is None:
        return render(request, "login/administrator.html", sessions)
    employee = link.employee
    account = Account.objects.filter(pk=employee.pk).first()
    weather = Weather.today()
    context = {
        "employee": employee,
        "workspace": dict(Workspace.choices).get(employee.workspace or "", employee.workspace),
        "signs_in_with": AuthMethod(employee.auth_method).label,
        "is_verified": employee.auth0_sync_status == SyncStatus.VERIFIED,
        "mail": invitation_text(account, weather) if account else "",
        "is_mail_password": account is not None and account.mail_kind == MailKind.PASSWORD,
        "has_account": account is not None and account.origin != "",
        **_role_in_words(actor_of(request), employee),
        **sessions,
    }
    return render(request, "login/own_page.html", context)


def only_by_button(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that does something, and is asked by POST only.

    Whoever pressed a button after their session had ended comes by GET, from the log-in. They land
    on their page, and read that nothing was done.
    """

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return view(request)
        messages.warning(request, "Nothing was done: press the button again.")
        return redirect("own_page")

    return answered


@never_cache
@login_required
@only_by_button
def verify(request: HttpRequest) -> HttpResponse:
    """Have the mail sent again whose link proves that the address is mine."""
    link = link_of(request)
    if link is None:
        return redirect("own_page")
    if link.employee.auth0_sync_status == SyncStatus.VERIFIED:
        messages.success(request, "Your e-mail is verified already.")
        return redirect("own_page")
    # An invitation to a personal address proves nothing about the work e-mail.
    personal = invitation_of(link.employee_id) == Invitation.PERSONAL
    return _ask_for_mail(request, MailKind.PASSWORD if personal else MailKind.INVITATION)


@never_cache
@login_required
@only_by_button
def change_password(request: HttpRequest) -> HttpResponse:
    """Have a mail sent to me with a link to set a new password."""
    return _ask_for_mail(request, MailKind.PASSWORD)


@never_cache
@login_required
@only_by_button
def sign_out_everywhere_else(request: HttpRequest) -> HttpResponse:
    """End my sessions in all other browsers."""
    user: Any = request.user
    ended = sign_out_elsewhere(user.pk, request.session.session_key, actor_of(request))
    text = "You are signed out everywhere else." if ended else "You weren’t signed in elsewhere."
    messages.success(request, text)
    return redirect("own_page")


def _sessions_of(request: HttpRequest) -> dict[str, Any]:
    """Where else they are signed in, the last used first; one query."""
    theirs = living().filter(user=request.user.pk).order_by("-seen_at")
    elsewhere = theirs.exclude(session_key=request.session.session_key)
    shown = list(elsewhere[: SESSIONS_SHOWN + 1])
    return {"elsewhere": shown[:SESSIONS_SHOWN], "more_elsewhere": len(shown) > SESSIONS_SHOWN}


def _ask_for_mail(request: HttpRequest, kind: MailKind) -> HttpResponse:
    """Write that the mail is due, unless one is on its way, and say which."""
    link = link_of(request)
    if link is None:
        return redirect("own_page")
    employee = link.employee
    now = Weather.today().now
    with transaction.atomic():  # the lock keeps a double click from sending two
        account = Account.objects.select_for_update().filter(pk=employee.pk).first()
        why_not = why_no_invitation(employee, account, now)
        if not why_not:
            invite_again([employee.pk], actor=actor_of(request).name, kind=kind)
    if why_not:
        messages.warning(request, f"No new mail: {why_not}.")
    else:
        to = normalise_email(employee.email)
        messages.success(request, f"A mail to {to} is on its way: please use the link in it.")
    return redirect("own_page")


def _role_in_words(actor: Actor, employee: Employee) -> dict[str, str]:
    """The row's role, what it opens, and whether Auth0 lets less of it count."""
    labels = dict(Auth0Role.choices)
    role = labels.get(employee.auth0_role, employee.auth0_role)
    opens = WHAT_ROLES_OPEN.get(Auth0Role(actor.role), "") if actor.role else ""
    acts_as = labels.get(actor.role, "") if actor.role != employee.auth0_role else ""
    return {"role": role, "role_opens": opens, "acts_as": acts_as}
