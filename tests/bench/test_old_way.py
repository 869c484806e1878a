from inspect import signature
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase
from django.urls import Resolver404, resolve

import bench.settings
from bench.browser import ADD, OLD_ADD
from bench.old_way import add_employee
from employees import services

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ("identity_console", "employees", "auth0sync")


class OldWayTests(SimpleTestCase):
    def test_it_is_mounted_under_the_settings_of_the_bench(self) -> None:
        found = resolve(OLD_ADD, urlconf=bench.settings.ROOT_URLCONF)

        self.assertIn("add_page", found.view_name)

    def test_the_console_has_no_such_page(self) -> None:
        with self.assertRaises(Resolver404):
            resolve(OLD_ADD, urlconf="identity_console.urls")

    def test_both_have_the_form_that_it_is_compared_with(self) -> None:
        for urlconf in ("identity_console.urls", bench.settings.ROOT_URLCONF):
            self.assertEqual(resolve(ADD, urlconf=urlconf).url_name, "employees_employee_add")

    def test_nothing_but_the_addresses_and_a_count_of_queries_differs(self) -> None:
        for name in ("INSTALLED_APPS", "TEMPLATES", "Q_CLUSTER"):
            self.assertEqual(getattr(bench.settings, name), getattr(settings, name))
        counted, *others = bench.settings.MIDDLEWARE
        self.assertEqual((counted, others), ("bench.queries.counted", settings.MIDDLEWARE))

    def test_it_takes_what_the_service_takes(self) -> None:
        old, new = signature(add_employee), signature(services.add_employee)

        same = list(new.parameters)[: len(old.parameters)]
        self.assertEqual(list(old.parameters), same)
        self.assertTrue(
            all(each.default is not each.empty for each in [*new.parameters.values()][len(same) :])
        )

    def test_no_file_of_the_console_names_the_bench(self) -> None:
        files = [path for room in CONSOLE for path in (ROOT / room).rglob("*.py")]

        naming = [
            path
            for path in files
            if "import bench" in (text := path.read_text()) or "from bench" in text
        ]

        self.assertEqual(naming, [])
