"""What docs/ give Prometheus and Grafana names only what /metrics tells, and says all of it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db.models.functions import Now

from auth0sync.models import Bucket, Comparison, Heartbeat, TenantState
from auth0sync.rate import Group, Limits
from employees.models import Kiosk
from identity_console.metrics import families

pytestmark = [pytest.mark.once, pytest.mark.django_db]

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
FILES = DOCS / "monitoring"
NAME = re.compile(r"\b(?:auth0|console|kiosks?)_[a-z0-9_]+\b|\bkiosks\b")
MAY_BE_ABSENT = {"auth0_rate_limit_size", "auth0_rate_limit_left"}


def told() -> set[str]:
    """Every name that a query may have."""
    found = {sample.name for family in families() for sample in family.samples}
    return found | families_told()


def families_told() -> set[str]:
    """The names in the documents: those of a counter with its suffix."""
    counters = {f"{each.name}_total" for each in families() if each.type == "counter"}
    return counters | {each.name for each in families() if each.type != "counter"}


def rules() -> list[dict[str, Any]]:
    data = yaml.safe_load((FILES / "prometheus-rules.yml").read_text(encoding="utf-8"))
    return [rule for group in data["groups"] for rule in group["rules"]]


def queries() -> Iterator[str]:
    board = json.loads((FILES / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def named_in(texts: Iterator[str] | list[str]) -> set[str]:
    return {name for text in texts for name in NAME.findall(text)} - {"auth0_user_id"}


def test_every_name_in_a_rule_is_told() -> None:
    named = named_in([rule["expr"] for rule in rules()])

    assert len(named) > 15
    assert named - told() == set()


def test_every_name_on_the_dashboard_is_told() -> None:
    named = named_in(queries())

    assert len(named) > 30
    assert named - told() == set()


def test_the_document_names_everything_that_is_told_and_nothing_else() -> None:
    text = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`((?:auth0|console|kiosk)[a-z0-9_]*)`", text))
    documented -= {"console_counters"}

    assert families_told() - documented == set()
    assert documented - families_told() == set()


def test_every_rule_says_what_it_is_about_and_how_grave() -> None:
    for rule in rules():
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}, rule["alert"]


def test_each_panel_of_the_dashboard_has_a_place_of_its_own() -> None:
    board = json.loads((FILES / "grafana-dashboard.json").read_text(encoding="utf-8"))
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]

    assert len(places) == len(set(places))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_what_is_known_only_now_and_then_is_told_when_it_is() -> None:
    """Also that no gauge fails on real rows."""
    Bucket.objects.update_or_create(
        pk="management",
        defaults={"limits": Limits().answered(Group.USER_READS, 40, 30, 1.0).as_json()},
    )
    TenantState.objects.update_or_create(
        pk=1, defaults={"sweep_lease_until": Now(), "token_expires_at": Now()}
    )
    Heartbeat.objects.create(pk="here:1:1")
    Comparison.objects.create(state="done", finished_at=Now(), differing=3)
    Kiosk.objects.create(name="Door", key_hash="x", seen_at=Now())

    samples = {sample.name: sample.value for each in families() for sample in each.samples}

    assert families_told() >= MAY_BE_ABSENT
    assert samples["auth0_differing"] == 3
    assert samples["auth0_clusters"] == 1
    assert samples["auth0_rate_limit_size"] == 40
    assert samples["kiosks"] == 1
    assert 0 <= samples["auth0_heartbeat_age_seconds"] < 60
    assert 0 < samples["auth0_sweep_age_seconds"] < 70
    assert 0 <= samples["kiosk_seen_age_seconds"] < 60


def test_the_rules_do_what_their_tests_say_where_promtool_is_installed() -> None:
    """It is no Python package, so only where somebody has it; the rest of the file needs none."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return
    done = subprocess.run(
        [promtool, "test", "rules", str(FILES / "prometheus-rules.test.yml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
