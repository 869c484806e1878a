import json
import re
import struct
from pathlib import Path
from unittest import mock

import pytest
from django.contrib.staticfiles import finders
from django.test import SimpleTestCase
from django.urls import reverse

from employees.kiosk import cookies, web_app
from employees.kiosk.texts import DEFAULT, TEXTS
from employees.models import EmployeeAuth
from tests.employees.test_kiosk import LEAVE, ME, PIN_PAGE, START, KioskTestCase

pytestmark = pytest.mark.once
WORKER, OFFLINE = "/kiosk/service-worker.js", "/kiosk/offline/"


def found(name: str) -> Path:
    """A static file's source."""
    path = finders.find(name)
    assert isinstance(path, str), f"there is no {name}"
    return Path(path)


class WorkerTests(KioskTestCase):
    def kept(self) -> list[str]:
        """The addresses that the worker keeps."""
        script = self.client.get(WORKER).content.decode()
        [listed] = re.findall(r"KEPT = (\[.*\]);", script)
        addresses: list[str] = json.loads(listed)
        return addresses

    def test_it_is_a_script_that_is_looked_for_anew(self) -> None:
        answer = self.client.get(WORKER)

        self.assertEqual(answer["Content-Type"], "text/javascript")
        self.assertEqual(answer["Cache-Control"], "no-cache")

    def test_it_keeps_the_page_without_network_and_what_that_page_asks_for(self) -> None:
        page = self.client.get(OFFLINE).content.decode()

        asked_for = re.findall(r'(?:src|href)="([^"]+)"', page)

        self.assertEqual(set(self.kept()), {OFFLINE, *asked_for})

    def test_the_page_without_network_is_the_same_for_everybody(self) -> None:
        nobodys = self.client.get(OFFLINE)
        self.sign_in()
        self.client.post("/kiosk/language/", {"language": "es", "page": "me"})

        hers = self.client.get(OFFLINE)

        self.assertEqual(hers.content, nobodys.content)
        self.assertEqual((len(hers.cookies), hers.has_header("Vary")), (0, False))
        self.assertNotIn("no-store", hers["Cache-Control"])
        for texts in TEXTS.values():
            self.assertContains(hers, texts["no_network_title"])

    def test_a_changed_file_makes_another_worker(self) -> None:
        self.addCleanup(web_app._version.cache_clear)
        before = self.kept()

        web_app._version.cache_clear()
        with mock.patch.object(Path, "read_bytes", return_value=b"another style"):
            after = self.kept()

        self.assertEqual(after[0], before[0])
        self.assertTrue(set(after[1:]).isdisjoint(before[1:]))

    def test_nothing_is_sent_to_it(self) -> None:
        for address in (WORKER, OFFLINE):
            self.assertEqual(self.client.post(address).status_code, 405)


class ManifestTests(SimpleTestCase):
    def setUp(self) -> None:
        self.manifest = json.loads(found("kiosk/app.webmanifest").read_text(encoding="utf-8"))

    def test_it_opens_the_kiosk_and_nothing_else_in_full_screen(self) -> None:
        start = reverse("kiosk-start")

        for name in ("id", "start_url", "scope"):
            self.assertEqual(self.manifest[name], start)
        self.assertEqual(self.manifest["display"], "fullscreen")

    def test_it_is_called_as_on_its_pages(self) -> None:
        self.assertEqual(self.manifest["name"], TEXTS[DEFAULT]["kiosk"])
        for language in TEXTS.keys() - {DEFAULT}:
            self.assertEqual(self.manifest["name_localized"][language], TEXTS[language]["kiosk"])

    def test_its_icons_are_as_large_as_it_says(self) -> None:
        drawn = [icon for icon in self.manifest["icons"] if icon["type"] == "image/png"]
        for icon in drawn:
            width, height = struct.unpack(">II", found(f"kiosk/{icon['src']}").read_bytes()[16:24])
            self.assertEqual(icon["sizes"], f"{width}x{height}")
        self.assertEqual(len(drawn), 4)


class NextBadgeTests(KioskTestCase):
    """A badge that is scanned on somebody's page posts its number as the start page does."""

    def test_it_signs_out_whoever_is_there_and_leaves_nothing_of_them(self) -> None:
        self.sign_in()
        self.client.post("/kiosk/language/", {"language": "es", "page": "me"})

        answer = self.client.post(START, {"number": "4711"})

        self.assertRedirects(answer, PIN_PAGE, 303, fetch_redirect_response=False)
        self.assertEqual(answer["Clear-Site-Data"], '"cache"')
        self.assertIsNone(EmployeeAuth.objects.get(employee=self.ada).login_token)
        self.assertEqual(self.cookie(cookies.TOKEN), "")
        self.assertContains(self.client.get(PIN_PAGE), "Number 4711")
        self.assertRedirects(self.client.get(ME), START, 303)

    def test_on_the_pin_page_the_next_person_begins_in_the_default_language(self) -> None:
        self.client.post(START, {"number": "42"})
        self.client.post("/kiosk/language/", {"language": "es", "page": "pin"})

        self.client.post(START, {"number": "4711"})

        self.assertContains(self.client.get(PIN_PAGE), "Number 4711")

    def test_the_same_badge_once_more_changes_nothing(self) -> None:
        self.client.post("/kiosk/language/", {"language": "es", "page": "start"})
        for _ in range(2):
            self.client.post(START, {"number": "42"})

        self.assertContains(self.client.get(PIN_PAGE), "Número 42")

    def test_what_is_no_number_signs_nobody_out(self) -> None:
        self.sign_in()

        self.client.post(START, {"number": "]C14711"})

        self.assertContains(self.client.get(ME), "Hello, Ada!")

    def test_every_page_can_take_a_badge(self) -> None:
        pages = [self.client.get(START)]
        self.client.post(START, {"number": "42"})
        pages += [self.client.get(PIN_PAGE), self.client.get(LEAVE), self.sign_in()]
        for page in pages:
            self.assertIn("data-badge", page.content.decode())
