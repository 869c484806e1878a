"""Who can't work today, and what is missing (requirement P8).

Only columns of ``employees`` and ``employee_auth`` are asked. Everybody stands in one group, that
of the step which gets them to work soonest: a PIN opens the kiosk at once, an account takes an
e-mail first.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models import TextChoices as Choices

from employees.counting import kept
from employees.models import AuthMethod, Employee, EmployeeAuth, SyncStatus


class Missing(Choices):
    """What somebody lacks, in the order in which it is mended."""

    PIN = "pin", "No PIN"
    EMAIL = "email", "No usable e-mail"
    ACCOUNT = "account", "No account yet"
    VERIFIED = "verified", "E-mail not verified"


def not_ready(people: QuerySet[Employee]) -> QuerySet[Any]:
    """Those of ``people`` who can't work today, each with ``missing``, a value of ``Missing``."""
    return _working(people).exclude(missing="")


def count_not_ready(people: QuerySet[Employee], whose: object) -> Mapping[Missing, int]:
    """How many of ``people`` lack what; one query, and nothing for what nobody lacks.

    It has to look at everybody who works, so ``counting.kept`` holds for it. whose: tells
    ``people`` from others.
    """

    def ask() -> tuple[Mapping[Missing, int], int]:
        groups = _working(people).order_by().values_list("missing").annotate(count=Count("pk"))
        found = dict(groups)
        return {name: found[name] for name in Missing if name in found}, sum(found.values())

    return kept(("not ready", whose), ask)


def with_missing(people: QuerySet[Employee]) -> QuerySet[Any]:
    """All of ``people``, with what they lack, whether they work here yet or not; "" for nothing."""
    whens = [When(condition, then=Value(name.value)) for name, condition in _conditions().items()]
    missing = Case(*whens, default=Value(""), output_field=CharField())
    return people.annotate(missing=missing)


def _working(people: QuerySet[Employee]) -> QuerySet[Any]:
    return with_missing(people.filter(is_active=True, archived_at__isnull=True))


def _conditions() -> dict[Missing, Q]:
    rows = EmployeeAuth.objects.filter(employee=OuterRef("pk"))  # there may be two for one person
    has_pin = Exists(rows.filter(pin__gt=""))  # `pin_plain` opens no door
    wants_account = Q(auth_method__in=(AuthMethod.AUTH0, AuthMethod.HYBRID))
    verified = Q(auth0_sync_status=SyncStatus.VERIFIED)
    exists = Q(auth0_sync_status__in=(SyncStatus.CREATED, SyncStatus.VERIFIED))
    return {
        Missing.PIN: Q(auth_method__in=(AuthMethod.PIN, AuthMethod.HYBRID)) & ~Q(has_pin),
        Missing.EMAIL: wants_account & (~verified | Q(auth0_sync_status=None)) & no_usable_email(),
        Missing.ACCOUNT: wants_account & ~exists,
        Missing.VERIFIED: wants_account & Q(auth0_sync_status=SyncStatus.CREATED),
    }


def no_usable_email() -> Q:
    """What ``emails.is_usable`` refuses, as far as a database can say it."""
    found = Q(email=None) | Q(email="") | ~Q(email__contains="@")
    for domain in settings.PLACEHOLDER_EMAIL_DOMAINS:
        found |= Q(email__iendswith=f"@{domain}")
    return found
