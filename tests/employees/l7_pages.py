"""Who may reach which page, and who is offered which action, as tables that are written by hand.

``test_l7_pages.py`` walks the URL configuration and the admin's lists, and holds both against them:
a new page or action without a line here fails, and so does a line about nothing. It asks each
address by GET and by POST as everybody of ``WHO``. Nothing here asks ``employees.authority``.

A new page is one line in ``PAGES``, a new model with pages of its own one in ``MODELS``, and a new
action of a list one in ``ACTIONS``; then ``python -m tests.employees.l7_matrix``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

WHO = ("anonymous", "associate", "team_lead", "finance", "manager", "admin", "break_glass")

# Word of the tables → whom it means, and what the document calls them.
GROUPS = {
    "anybody": (WHO, "anybody"),
    "strangers": (WHO[:1], "whoever isn't signed in"),
    "signed_in": (WHO[1:], "whoever is signed in"),
    "readers": (WHO[2:], "all but associates"),
    "seers": (WHO[3:], "finance, managers, administrators"),
    "writers": (("team_lead", *WHO[4:]), "team leads, managers, administrators"),
    "managers": (WHO[4:], "managers, administrators"),
    "admins": (WHO[5:], "administrators"),
    "local": (WHO[6:], "break-glass"),
    "nobody": ((), "–"),
    # Answered alike whoever is signed in at the console; PIN, token or cookie are its own guard.
    "alike": ((), ""),
}

# route: as Django writes it. get, post: words of GROUPS; "nobody" where there is only a way back to
# another page. whom: "-" for a page about nobody in particular; on a page of one person what it
# does to them, one of ``l7_matrix.WHAT``: "see" where that is all, else ``l7_doors`` has to try it.
PAGES = """
# Signing in, and one's own page
route                                                   get        post      whom
<root>                                                  signed_in  nobody    -
me/verify/                                              nobody     signed_in -
me/password/                                            nobody     signed_in -
me/sign-out-elsewhere/                                  nobody     signed_in -
login/                                                  strangers  nobody    -
login/auth0/                                            nobody     anybody   -
complete/auth0/                                         anybody    nobody    -
login/local/                                            anybody    anybody   -
logout/                                                 nobody     anybody   -
admin/login/                                            nobody     nobody    -
admin/logout/                                           nobody     anybody   -
admin/password_change/                                  local      local     -
admin/password_change/done/                             local      nobody    -

# The admin as a whole
admin/                                                  readers    readers   -
admin/search/                                           readers    readers   -
admin/jsi18n/                                           readers    nobody    -
admin/^(?P<app_label>auth|employees|auth0sync)/$        readers    readers   -
admin/autocomplete/                                     readers    nobody    -
admin/r/<path:content_type_id>/<path:object_id>/        nobody     nobody    -
admin/(?P<url>.*)$                                      nobody     nobody    -
admin/auth0/                                            admins     admins    -
admin/auth0/health/                                     admins     admins    -
admin/auth0/health/look/                                nobody     admins    -
admin/auth0/health/progress/                            admins     admins    -
admin/alerts/                                           admins     admins    -
admin/auth0sync/stagedbatch/<int:batch_id>/decide/      nobody     admins    -
admin/auth/user/<id>/password/                          local      local     -
admin/employees/kiosk/<path:object_id>/make_code/       admins     admins    -
admin/employees/kiosk/<path:object_id>/sign_out/        admins     admins    -

# Lists of people, and what is done to many
admin/employees/employee/signed-in/                     readers    readers   -
admin/employees/employee/statuses/                      readers    readers   -
admin/employees/employee/attention/                     readers    readers   -
admin/employees/employee/cannot-work/                   readers    readers   -
admin/employees/employee/joiners/                       readers    readers   -
admin/employees/employee/review/                        readers    readers   -
admin/employees/employee/outside/                       readers    readers   -
admin/employees/employee/joining-leaving/               readers    readers   -
admin/employees/employee/podfactory/                    readers    readers   -
admin/employees/employee/sessions/                      admins     admins    -
admin/employees/employee/sessions/<int:session_id>/end/ nobody     admins    -
admin/employees/employee/<int:employee_id>/end-sessions/ nobody    admins    -
admin/employees/employee/rehire/                        managers   managers  -
admin/employees/employee/leaving/                       nobody     writers   off
admin/employees/employee/undo/<str:batch>/              writers    writers   on
admin/employees/employee/send-invitations-again/        nobody     writers   invite
admin/employees/employee/enrolment/                     writers    writers   -
admin/employees/employee/enrolment/<int:change_id>/     writers    writers   -
admin/employees/employee/enrolment/<int:change_id>/decide/ nobody  writers   sign_in
admin/employees/employee/<int:employee_id>/seen/        nobody     managers  -
admin/employees/employee/balance/                       readers    readers   -
admin/employees/employee/balance/progress/              readers    readers   -
admin/employees/employee/balance/compare/               nobody     managers  -
admin/employees/employee/balance/rules/                 admins     admins    -
admin/employees/employee/balance/together/              nobody     writers   sync
admin/employees/employee/balance/<int:difference_id>/   readers    writers   sync
admin/employees/employee/export.csv                     readers    readers   -
admin/employees/employee/export.xlsx                    readers    readers   -

# Imports
admin/employees/masschange/import/                      managers   managers  -
admin/employees/masschange/template.csv                 managers   managers  -
admin/employees/masschange/template.xlsx                managers   managers  -
admin/employees/masschange/<int:change_id>/progress/    managers   managers  -
admin/employees/masschange/<int:change_id>/reading/     nobody     managers  -
admin/employees/masschange/<int:change_id>/answer/      nobody     managers  -
admin/employees/masschange/<int:change_id>/confirm/     nobody     managers  -
admin/employees/masschange/<int:change_id>/discard/     nobody     managers  -
admin/employees/masschange/<int:change_id>/retry/       nobody     managers  -
admin/employees/masschange/<int:change_id>/undo/        managers   managers  -
admin/employees/masschange/<int:change_id>/to-mend.csv  managers   managers  -
admin/employees/masschange/<int:change_id>/to-mend.xlsx managers   managers  -

# Pages of one person, for those who see them
admin/employees/employee/<int:employee_id>/steps/       readers    readers   see
admin/employees/employee/<int:employee_id>/three-way/   readers    readers   see
admin/employees/employee/<int:employee_id>/receipt/     readers    readers   see
admin/employees/employee/<int:employee_id>/retry/       writers    writers   see
admin/employees/employee/<int:employee_id>/deactivate/  writers    writers   see
admin/employees/employee/<int:employee_id>/reactivate/  writers    writers   see
admin/employees/employee/<int:employee_id>/archive/     writers    writers   see
admin/employees/employee/<int:employee_id>/restore/     writers    writers   see
admin/employees/employee/<int:employee_id>/plan-leaving/ writers   writers   off
admin/employees/employee/<int:employee_id>/plan-joining/ writers   writers   on
admin/employees/employee/<int:employee_id>/cancel-plan/ nobody     writers   on
admin/employees/employee/<int:employee_id>/review/      readers    writers   change
admin/employees/employee/<int:employee_id>/merge/       writers    writers   off
admin/employees/employee/<int:employee_id>/undo-merge/  writers    writers   on
admin/employees/employee/<int:employee_id>/bring-back/  nobody     writers   on
admin/employees/employee/<int:employee_id>/undo-change/ writers    writers   sign_in
admin/employees/employee/<int:employee_id>/link/        writers    writers   sign_in
admin/employees/employee/<int:employee_id>/sync-now/    nobody     writers   sync
admin/employees/employee/<int:employee_id>/send-invitation-again/ nobody writers invite
admin/employees/employee/<int:employee_id>/mail-came-back/ nobody writers invite
admin/employees/employee/<path:object_id>/random_pin/   writers    writers   pin
admin/employees/employee/<path:object_id>/type_pin/     writers    writers   pin
admin/employees/employee/<path:object_id>/remove_pin/   writers    writers   pin
admin/employees/employee/<path:object_id>/unlock_pin/   writers    writers   pin

# The kiosk, other programs, load balancers
kiosk/                                                  alike      alike     -
kiosk/pin/                                              alike      alike     -
kiosk/me/                                               alike      alike     -
kiosk/change-pin/                                       alike      alike     -
kiosk/enrol/                                            alike      alike     -
kiosk/help/                                             alike      alike     -
kiosk/help/<int:employee_id>/                           alike      alike     -
kiosk/help/<int:employee_id>/new-pin/                   alike      alike     -
kiosk/help/<int:employee_id>/unlock/                    alike      alike     -
kiosk/offline/                                          alike      alike     -
kiosk/service-worker.js                                 alike      alike     -
kiosk/language/                                         alike      alike     -
kiosk/stay/                                             alike      alike     -
kiosk/sign-out/                                         alike      alike     -
kiosk/idle/                                             alike      alike     -
kiosk/<path:rest>                                       alike      alike     -
api/employee/login                                      alike      alike     -
api/employee/verify                                     alike      alike     -
api/employee/logout                                     alike      alike     -
api/employee/change-pin                                 alike      alike     -
api/employee/<path:rest>                                alike      alike     -
webhooks/auth0                                          alike      alike     -
healthz                                                 alike      alike     -
readyz                                                  alike      alike     -
metrics                                                 alike      alike     -
"""

# The pages that Django's admin makes for every model: its list, an entry and the entry's history
# (see), and those to add, change and delete one. title: for the document.
MODELS = """
model                        see      add      change   delete   title
auth/user                    local    local    local    local    Users of the console
auth/group                   local    local    local    local    Groups of users
employees/employee           readers  managers writers  nobody   People
employees/kiosk              admins   admins   admins   nobody   Kiosks
employees/masschange         managers nobody   nobody   nobody   Imports
employees/roleconfig         seers    nobody   nobody   nobody   Jobs
employees/podfactorymapping  seers    nobody   nobody   nobody   PodFactory names
auth0sync/synclog            seers    nobody   nobody   nobody   Sync log
auth0sync/stagedbatch        admins   nobody   nobody   nobody   Held changes
auth0sync/importjob          admins   nobody   nobody   nobody   Import jobs
auth0sync/tenantevent        admins   nobody   nobody   nobody   Events in Auth0
"""

# What can be done to the ticked rows of a list; "Delete selected" follows MODELS by itself.
# whom: as in PAGES.
ACTIONS = """
model               action                  who     whom
employees/employee  sync_now                writers sync
employees/employee  send_invitation_again   writers invite
employees/employee  enrol_selected          writers sign_in
employees/employee  deactivate_selected     writers off
employees/employee  reactivate_selected     writers on
employees/employee  archive_selected        writers off
employees/employee  restore_selected        writers on
employees/employee  random_pins_with_slips  writers pin
"""

PERSON = "admin/employees/employee/"


@dataclass(frozen=True)
class Page:
    """A rule for one address. get, post, whom: as in PAGES."""

    route: str
    get: str
    post: str
    whom: str

    @property
    def is_of_a_person(self) -> bool:
        """Whether it is for those alone who see the person in its address."""
        is_of_one = any(part in self.route for part in ("<int:employee_id>", "<path:object_id>"))
        return self.whom != "-" and is_of_one


@dataclass(frozen=True)
class Action:
    """A rule for one action of a list. who, whom: as in ACTIONS."""

    model: str
    action: str
    who: str
    whom: str


def is_one_of(who: str, word: str) -> bool:
    """Whether ``who`` belongs to the group of this word."""
    return who in GROUPS[word][0]


def pages() -> list[Page]:
    """The rules of all addresses, those of the models' own pages included."""
    own = [Page(*words) for _title, words in _lines(PAGES)]
    return own + [page for line in models() for page in _pages_of(line)]


def models() -> list[dict[str, str]]:
    """The lines of MODELS."""
    header, *lines = [line.split(maxsplit=5) for line in MODELS.strip().splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def actions() -> list[Action]:
    """The rules of all actions."""
    deleting = [Action(line["model"], "delete_selected", line["delete"], "-") for line in models()]
    return deleting + [Action(*words) for _title, words in _lines(ACTIONS)]


def _lines(table: str) -> Iterator[tuple[str, list[str]]]:
    """The heading that a line stands under, and its words, without the names of the columns."""
    title = ""
    for line in table.splitlines():
        if line.startswith("# "):
            title = line[2:]
        elif line and not line.startswith(("route ", "model ")):
            route, *words = line.split()
            yield title, ["" if route == "<root>" else route, *words]


def _pages_of(line: dict[str, str]) -> Iterator[Page]:
    root = f"admin/{line['model']}/"
    whom = {
        name: name if f"admin/{line['model']}/" == PERSON else "-" for name in ("see", "change")
    }
    yield Page(root, line["see"], line["see"], "-")
    yield Page(f"{root}add/", line["add"], line["add"], "-")
    # An old address of Django's, which leads everybody to the next one.
    yield Page(f"{root}<path:object_id>/", "nobody", "readers", "-")
    yield Page(f"{root}<path:object_id>/change/", line["see"], line["change"], whom["change"])
    yield Page(f"{root}<path:object_id>/history/", line["see"], line["see"], whom["see"])
    yield Page(f"{root}<path:object_id>/delete/", line["delete"], line["delete"], whom["see"])


def section(what: dict[str, str]) -> list[str]:
    """The tables for people to read, as lines of docs/who-may-do-what.md.

    what: ``l7_matrix.WHAT``.
    """
    lines = [
        "",
        "## Pages and actions",
        "",
        "Every address of the console, found by walking its URL configuration, and every action of",
        "a list, tried by real requests (`tests/employees/test_l7_pages.py`): a new one that isn't",
        "in the table fails the test. *Open* is GET, *send* is POST; – is refused, or only leads",
        "back to another page. A page of one person is for those who see the person, by the tables",
        "above, which say too who may do what it does. Whoever isn't let in is led to the log-in,",
        "or reads that they may not, and nothing is written.",
    ]
    alike = []
    title = ""
    for heading, words in _lines(PAGES):
        page = Page(*words)
        if "alike" in (page.get, page.post):
            alike.append(f"`{_shown(page.route)}`")
            continue
        if heading != title:
            title = heading
            lines += _head(heading, "address", "open", "send", "does to a person")
        does = "" if page.whom == "see" else what.get(page.whom, "")
        lines.append(_row(f"`{_shown(page.route)}`", _who(page.get), _who(page.post), does))
    lines += [
        "",
        "Answered alike, whoever is signed in at the console, since they look at their own cookie,",
        f"PIN or token alone: {', '.join(alike)}.",
    ]
    lines += _head("The pages of a list", "", "list, entry, history", "add", "change", "delete")
    for line in models():
        who = [_who(line[name]) for name in ("see", "add", "change", "delete")]
        lines.append(_row(f"{line['title']} (`/admin/{line['model']}/`)", *who))
    lines += _head("Actions for the ticked rows", "list", "action", "offered to", "to a person")
    for action in actions():
        if action.who != "nobody":
            words = [f"`{action.action}`", _who(action.who), what.get(action.whom, "")]
            lines.append(_row(f"`/admin/{action.model}/`", *words))
    return lines


def _head(title: str, *columns: str) -> list[str]:
    return ["", f"### {title}", "", _row(*columns), "|---" * len(columns) + "|"]


def _who(word: str) -> str:
    return GROUPS[word][1]


def _shown(route: str) -> str:
    """A route without what only Django's resolver needs."""
    app = route.replace("^(?P<app_label>auth|employees|auth0sync)/$", "<app>/")
    return "/" + app.replace("(?P<url>.*)$", "<anything else>").replace("path:", "")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
