import pytest

from employees.podfactory import Directory, Found, Rule, from_email, lowered, rough, texts_of

ANA, BEN, ANA_ROSA, LI = 1, 2, 3, 4
PEOPLE = Directory(
    [(ANA, "Ana Quill"), (BEN, " Ben O'Hara "), (ANA_ROSA, "Ana Rosa Peña"), (LI, "Wei Li")]
)


@pytest.mark.parametrize(
    ("name", "email", "who", "how"),
    [
        ("Ana Quill", None, ANA, "name"),
        (" ANA QUILL ", None, ANA, "name"),
        ("ben o'hara", None, BEN, "name"),
        ("ana.quill", None, ANA, "name with dots"),
        ("ana_rosa_peña", None, ANA_ROSA, "name with underscores"),
        ("Wei", None, LI, "first name"),
        ("peña", None, ANA_ROSA, "last name"),
        (None, "ana.quillshp@example.com", ANA, "name with dots, from the e-mail"),
        ("", "WEIHEATPRESS@example.com", LI, "first name, from the e-mail"),
        ("A stranger", "quill@example.com", ANA, "last name, from the e-mail"),
    ],
)
def test_somebody_is_found_by_the_first_rule_that_answers(
    name: str | None, email: str | None, who: int, how: str
) -> None:
    found = PEOPLE.find(name, email)

    assert (found.employee_ids, found.how, found.is_only(who)) == ((who,), how, True)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        (None, None),
        ("  ", "@example.com"),
        ("A stranger", "a.stranger@example.com"),
        ("Ana  Quill", None),  # a space more between the words is another name
        ("li", None),  # a last name of two letters
        ("Wei L", None),
        ("pena", None),
        ("\tAna Quill", None),  # LOWER(TRIM()) takes spaces away, and no tab
        (None, "ana.quillhp.shp@example.com"),  # one suffix alone is taken away
        (None, "hpana.quill@example.com"),
    ],
)
def test_nobody_is_found(name: str | None, email: str | None) -> None:
    found = PEOPLE.find(name, email)

    assert (found.employee_ids, found.rule, found.how) == ((), None, "")


def test_whoever_the_name_finds_is_not_asked_for_by_e_mail() -> None:
    assert PEOPLE.find("Wei Li", "ana.quill@example.com").is_only(LI)


def test_two_people_who_answer_to_one_rule_are_no_match() -> None:
    found = PEOPLE.find("Ana", "wei.li@example.com")

    assert found == Found((ANA, ANA_ROSA), Rule.FIRST, asked=("ana",))
    assert not found.is_only(ANA)


def test_a_whole_name_comes_before_the_same_first_name_of_others() -> None:
    people = Directory([(1, "Tamsin Hart"), (2, "Tamsin"), (3, "Jo Tamsin")])

    assert people.find("tamsin", None).employee_ids == (2,)


def test_it_says_what_it_looked_for() -> None:
    assert PEOPLE.find(" Jo ", "jo.hartpick@example.com").asked == ("jo", "jo.hart")


def test_it_says_who_would_answer_if_accents_did_not_count() -> None:
    assert PEOPLE.find("Aná Quill", None).nearly == (ANA,)
    assert PEOPLE.find("ana-rosa pena", "pena@example.com").nearly == (ANA_ROSA,)


@pytest.mark.parametrize(
    ("email", "text"),
    [
        ("jo.hartshp@example.com", "jo.hart"),
        ("jo.hartship@example.com", "jo.hart"),
        ("jo.hartheatpress@example.com", "jo.hart"),
        ("jo.harthp@example.com", "jo.hart"),
        ("jo.hart@example.com", "jo.hart"),
        ("jo.holdshiphp@example.com", "jo.holdship"),
        ("jo.hollishp@example.com", "jo.holli"),  # it ends in shp, which is tried before hp
        ("hp@example.com", ""),
        ("hp", ""),
        (" Jo.HartHP@example.com", "jo.hart"),
    ],
)
def test_the_first_suffix_that_an_e_mail_ends_in_is_taken_away(email: str, text: str) -> None:
    assert from_email(email) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("  Zoë ", "zoë"),
        ("İpek", "ipek"),
        ("STRAẞE", "straße"),
        ("ΟΔΟΣ", "οδοσ"),
        ("王小樱", "王小樱"),
        ("\u00a0Jo", "\u00a0jo"),
    ],
)
def test_lower_case_is_that_of_the_database(text: str | None, expected: str) -> None:
    assert lowered(text) == expected


def test_a_name_of_one_word_is_its_own_first_and_last() -> None:
    assert set(texts_of("Tamsin").values()) == {"tamsin"}
    assert Rule.LAST not in texts_of("Bo")
    assert texts_of("   ") == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.B Smith", "a.b.smith"),
        ("a_b", "ab"),
        ("Ωμέγα", "ωμεγα"),
        ("ﬁnn", "finn"),
        ("José", "jose\u0301"),
    ],
)
def test_what_an_index_finds_takes_in_all_that_is_nearly_equal(one: str, other: str) -> None:
    assert rough(one) == rough(other)
