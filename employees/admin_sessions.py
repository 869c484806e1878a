"""The page "Who is signed in" to the console, from where, and the buttons that end it."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from employees.actors import actor_of
from employees.admin_base import Pages
from employees.console_sessions import living, sign_out, sign_out_person
from employees.models import ConsoleSession, Employee

ROWS = 50  # on one page
TERM_MOST = 100  # characters of a name that is searched for


class WhoIsSignedIn(Pages[Employee]):
    """Adds the page and its buttons to the pages of people; for administrators alone."""

    admin_site: admin.AdminSite

    def get_urls(self) -> list[URLPattern]:
        """The addresses, before those that would take their names for a number."""
        view, name = self.admin_site.admin_view, "employees_employee_"
        end, end_all = self.end_session_view, self.end_sessions_view
        return [
            path("sessions/", view(self.sessions_view), name=f"{name}sessions"),
            path("sessions/<int:session_id>/end/", view(end), name=f"{name}end_session"),
            path("<int:employee_id>/end-sessions/", view(end_all), name=f"{name}end_sessions"),
            *super().get_urls(),
        ]

    def sessions_view(self, request: HttpRequest) -> HttpResponse:
        """Who is signed in, the last used first; ``?q=`` is part of a name."""
        refuse_all_but_administrators(request)
        term = request.GET.get("q", "").strip()[:TERM_MOST]
        page = Paginator(sessions_named(term), ROWS).get_page(request.GET.get("p"))
        page.object_list = with_how_many(list(page.object_list))
        context = {
            **self.admin_site.each_context(request),
            "title": "Who is signed in",
            "page": page,
            "term": term,
            "own_key": request.session.session_key,
        }
        return TemplateResponse(request, "admin/people/sessions.html", context)

    def end_session_view(self, request: HttpRequest, session_id: int) -> HttpResponse:
        """End one session; by button only."""
        refuse_all_but_administrators(request)
        if request.method == "POST":
            ended = sign_out(session_id, actor_of(request))
            text = f"{name_of(ended)} is signed out there." if ended else "That was over already."
            messages.success(request, text)
        return _back(request)

    def end_sessions_view(self, request: HttpRequest, employee_id: int) -> HttpResponse:
        """End all sessions of a person; by button only."""
        refuse_all_but_administrators(request)
        if request.method == "POST":
            ended = sign_out_person(employee_id, actor_of(request))
            text = "They are signed out everywhere." if ended else "They were signed out already."
            messages.success(request, text)
        return _back(request)


def refuse_all_but_administrators(request: HttpRequest) -> None:
    """Raises: PermissionDenied."""
    if not actor_of(request).is_admin:
        raise PermissionDenied


def sessions_named(term: str) -> QuerySet[ConsoleSession]:
    """The sessions of people with ``term`` in their name, the last used first."""
    sessions = living().select_related("user__employee_link__employee")
    if term:
        sessions = sessions.filter(user__employee_link__employee__name__icontains=term)
    return sessions.order_by("-seen_at", "-pk")


def with_how_many(sessions: list[ConsoleSession]) -> list[ConsoleSession]:
    """The same, each with ``of_theirs``: how many this person has, of these or others."""
    users = living().filter(user__in={each.user_id for each in sessions}).order_by()
    counts = dict(users.values_list("user").annotate(sessions=Count("pk")))
    for each in sessions:
        vars(each)["of_theirs"] = counts.get(each.user_id, 0)
    return sessions


def name_of(session: ConsoleSession) -> str:
    """Whose session it is, as a page says it."""
    link = getattr(session.user, "employee_link", None)
    return link.employee.name if link else session.user.get_username()


def _back(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":  # from the log-in, after a button in a session that had ended
        messages.warning(request, "Nothing was done: press the button again.")
    return HttpResponseRedirect(reverse("admin:employees_employee_sessions"))
