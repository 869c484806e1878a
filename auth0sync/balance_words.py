"""The balance sheet in sentences: how it stands, how far a comparison is, what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auth0sync.balance import Standing
from auth0sync.models import Comparison
from auth0sync.reconcile_runs import NIGHT
from auth0sync.status import Tone
from employees.zones import moment

State, Stage = Comparison.State, Comparison.Stage


@dataclass(frozen=True)
class Top:
    """How it stands: a few words, a sentence, and lines for whoever wants to know more."""

    tone: Tone
    label: str
    sentence: str
    lines: list[str]


@dataclass(frozen=True)
class Progress:
    """How far a comparison is. percent: None where nobody can know."""

    words: str
    percent: int | None


@dataclass(frozen=True)
class Run:
    """One comparison in the history."""

    row: Comparison
    by: str

    @property
    def at(self) -> datetime:
        """When it began, or was asked for."""
        return self.row.began_at or self.row.asked_at

    @property
    def is_done(self) -> bool:
        """Whether it has numbers."""
        return self.row.state == State.DONE

    @property
    def result(self) -> str:
        """What became of it."""
        if self.row.state == State.FAILED:
            return f"Failed: {self.row.error}"
        return str(self.row.get_state_display()).capitalize()

    @property
    def differences(self) -> int:
        """How many stood open after it."""
        return sum(self.row.kinds.values())

    @property
    def took(self) -> str:
        """How long it took; "" while it isn't over."""
        if self.row.began_at is None or self.row.finished_at is None:
            return ""
        return duration(self.row.finished_at - self.row.began_at)


def top(standing: Standing, to_decide: int, *, sees_all: bool) -> Top:
    """How it stands. to_decide: how many differences in sight nobody has decided about.

    sees_all: whether the numbers of the whole company are theirs to see.
    """
    last = standing.last
    if last is None:
        lines = _failure(standing) or ["It is done every night; the button does it now."]
        return Top("waiting", "Never compared", "Nobody knows yet.", lines)
    unexplained = last.unexplained if sees_all else 0
    lines = [_when(last), *_failure(standing)]
    if standing.is_stale:
        lines.insert(0, "That is more than 36 hours ago: no night’s comparison has come through.")
    if unexplained or to_decide:
        parts = [f"{to_decide} to decide"] if to_decide else []
        parts += [f"{unexplained} unexplained"] if unexplained else []
        return Top("attention", ", ".join(parts), _what_to_do(to_decide), lines)
    tone: Tone = "attention" if standing.is_stale else "good"
    everybody = "Every person and every account is accounted for." if sees_all else ""
    return Top(tone, "0 unexplained", everybody, lines)


def progress(run: Comparison) -> Progress:
    """How far it is, for the page that waits for it."""
    if run.state == State.WANTED:
        return Progress("Wanted: it begins within seconds, where a worker is running.", None)
    what = str(Stage(run.stage).label)
    if not run.to_look_at:
        return Progress(f"Comparing: {what}.", None)
    percent = min(100, 100 * run.looked_at // run.to_look_at)
    return Progress(f"Comparing: {what}, {run.looked_at} of {run.to_look_at} people.", percent)


def asked_by(run: Comparison, names: dict[str, str]) -> str:
    """Who asked for it. names: of those who are people (``names_of``)."""
    if run.asked_by == NIGHT:
        return "every night"
    return names.get(run.asked_by, run.asked_by)


def duration(length: timedelta) -> str:
    """A length of time as people say it: 42 s, 3 min, 1 h 20 min."""
    seconds = round(length.total_seconds())
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _when(last: Comparison) -> str:
    took = Run(last, "").took
    how_long = f", in {took}" if took else ""
    of = f"; Auth0’s side is of {moment(last.export_at)}" if last.export_at else ""
    return f"Compared {moment(last.finished_at)}{how_long}{of}."


def _failure(standing: Standing) -> list[str]:
    if standing.failed is None:
        return []
    return [
        f"The comparison of {moment(standing.failed.finished_at)} failed: {standing.failed.error}"
    ]


def _what_to_do(to_decide: int) -> str:
    if to_decide == 1:
        return "One difference between console and Auth0 waits for a decision."
    if to_decide:
        return f"{to_decide} differences between console and Auth0 wait for a decision."
    return "The numbers don’t add up; the sheet says where."
