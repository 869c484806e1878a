"""Counting people where they are many: a page must not cost more the larger the company is.

A list counts as far as MOST_COUNTED, and says "more than" beyond. What has to look at everybody,
as the number behind "Who can't work today" does, is exact in a company of usual size; from LARGE
people on the answer is kept for half a minute, so that not every page asks for it again.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

from employees.authority import Actor
from employees.models import Employee

LARGE = 5_000  # people
KEPT_FOR_S = 30
MOST_COUNTED = 10_000  # rows
PAGES_AHEAD = 10  # of the page that is asked for, that the list leads to

Answer = TypeVar("Answer")


def is_large() -> bool:
    """Whether LARGE people or more are known; looks at no more than LARGE."""
    return Employee.objects.order_by().values("pk")[LARGE - 1 : LARGE].exists()


def kept(what: object, ask: Callable[[], tuple[Answer, int]]) -> Answer:
    """What ``ask`` answers; of LARGE people or more not older than KEPT_FOR_S, in this process.

    what: tells this answer from others; its ``repr`` does. ask: returns the answer, and how many
    people were looked at for it.
    """
    key = f"kept:{sha256(repr(what).encode()).hexdigest()}"
    found: tuple[Answer] | None = cache.get(key)
    if found is not None:
        return found[0]
    answer, people = ask()
    if people >= LARGE:
        cache.set(key, (answer,), KEPT_FOR_S)
    return answer


def sight_of(actor: Actor) -> tuple[object, ...]:
    """What tells those whom ``actor`` sees from those whom others see; nothing for everybody."""
    if actor.may_read and not actor.is_bound_to_a_place:
        return ()
    return actor.employee_id, actor.may_read, actor.department, actor.workspace


class CountedPages(Paginator[Any]):
    """Pages of a list that may be long: counted to MOST_COUNTED, or some pages further.

    further: the page that is asked for, as the address has it. Where not all is counted, pages are
    found by their keys first: to skip rows, or to sort them, they needn't be read. And where rows
    were chosen, the keys of a first page are asked for in the place of a count: when that is all
    there is, which may have taken a look at everybody, nothing has to be looked for again.
    """

    template_name = "admin/counted_pages.html"

    def __init__(
        self, rows: QuerySet[Any], per_page: int, *args: Any, further: str = "", **kwargs: Any
    ) -> None:
        super().__init__(rows, per_page, *args, **kwargs)
        self._rows = rows
        page = int(further) if further.isdecimal() and len(further) < 9 else 0
        self.most = max(MOST_COUNTED, (page + PAGES_AHEAD) * per_page)

    @cached_property
    def count(self) -> int:
        """How many rows, as far as ``most``."""
        return self._known[0]

    @property
    def is_cut(self) -> bool:
        """Whether there are more than ``count``."""
        return self._known[1]

    @property
    def said(self) -> str:
        """How many rows there are, in words."""
        return f"more than {self.count:,}" if self.is_cut else str(self.count)

    @cached_property
    def all_keys(self) -> list[Any] | None:
        """The keys of all rows, where they were chosen and are no more than a page."""
        keys = self._first_keys
        return keys if keys is not None and len(keys) <= self.per_page else None

    @cached_property
    def _first_keys(self) -> list[Any] | None:
        if not self._rows.query.where:
            return None
        return list(self._rows.values_list("pk", flat=True)[: self.per_page + 1])

    @cached_property
    def _known(self) -> tuple[int, bool]:
        if self.all_keys is not None:
            return len(self.all_keys), False
        counted = self._rows.order_by().values("pk")[: self.most + 1].count()
        return min(counted, self.most), counted > self.most

    def page(self, number: Any) -> Page[Any]:
        """The rows of one page."""
        page: Page[Any] = super().page(number)
        if self._first_keys is not None and page.number == 1:
            page.object_list = self._rows.filter(pk__in=self._first_keys[: self.per_page])
        elif self.is_cut:
            first = (page.number - 1) * self.per_page
            keys = self._rows.values_list("pk", flat=True)[first : first + self.per_page]
            page.object_list = self._rows.filter(pk__in=list(keys))
        return page
