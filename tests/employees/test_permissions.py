import re
from pathlib import Path

from django.test import SimpleTestCase

from employees.authority import ORDER
from employees.permissions import APIS, BY_ROLE, EVERY, SHOP_FLOOR, held_to

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"


class PermissionTests(SimpleTestCase):
    def test_every_role_has_its_permissions_and_each_belongs_to_one_api(self) -> None:
        self.assertEqual(set(BY_ROLE), set(ORDER))
        self.assertEqual(len(EVERY), len(set(EVERY)))
        self.assertEqual(set().union(*BY_ROLE.values()), set(EVERY))

    def test_everybody_has_what_a_pin_opens(self) -> None:
        for role, permissions in BY_ROLE.items():
            with self.subTest(role):
                self.assertLessEqual(set(SHOP_FLOOR), permissions)

    def test_finance_reads_and_manages_nobody(self) -> None:
        finance = BY_ROLE["finance"]

        self.assertLessEqual({"read:reports", "read:employee_data"}, finance)
        self.assertFalse({"manage:team_members", "approve:timesheets"} & finance)

    def test_only_managers_and_administrators_approve_timesheets(self) -> None:
        able = {role for role, names in BY_ROLE.items() if "approve:timesheets" in names}

        self.assertEqual(able, {"manager", "admin"})

    def test_what_is_given_is_held_to_every_role_in_the_order_of_the_apis(self) -> None:
        given = [*APIS["Manager Functions"], "clock:in_out", "clock:in_out", "no:such_thing"]

        self.assertEqual(
            held_to(["manager"], given),
            ["clock:in_out", "read:reports", "manage:team_members", "approve:timesheets"],
        )
        self.assertEqual(held_to(["manager", "team_lead", "finance"], given), ["clock:in_out"])

    def test_an_unknown_role_has_what_everybody_has(self) -> None:
        self.assertEqual(held_to(["superhero"], EVERY), held_to(["production_associate"], EVERY))

    def test_the_table_in_the_document_is_this_one(self) -> None:
        lines = re.findall(
            r"^\|([^|]*)\|(.*`\w+:\w+`.*?)\|(.*)\|$", DOCUMENT.read_text(), re.MULTILINE
        )
        told = {
            name: {
                role for role, said in zip(ORDER, said_of.split("|"), strict=True) if "yes" in said
            }
            for _api, names, said_of in lines
            for name in re.findall(r"`(\w+:\w+)`", names)
        }

        self.assertEqual(
            told, {name: {role for role in ORDER if name in BY_ROLE[role]} for name in EVERY}
        )
