"""Every fixture, from its bytes to judged rows: what it is taken for, what its columns mean, who comes in and who does not.

Each `<file>.expected.json` was checked by hand against what stands in the file; a change of it is a change of the product.
"""

import json

import pytest

from tests.contacts.importing.exports import FOLDER, plan, told

FILES = sorted(path.name for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))


@pytest.mark.parametrize("name", FILES)
def test_the_file_gives_what_is_expected(name, tmp_path):
    expected = json.loads((FOLDER / f"{name}.expected.json").read_text())
    assert told(*plan(FOLDER / name, tmp_path)) == expected


def test_every_service_has_a_fixture():
    from contacts.importing import peers

    origins = {json.loads((FOLDER / f"{name}.expected.json").read_text())["origin"] for name in FILES}
    assert origins - {""} == peers.ORIGINS.keys()


def test_formulas_come_in_as_the_text_that_they_are(tmp_path):
    _, rows = plan(FOLDER / "mautic_contacts.csv", tmp_path)
    (facts,) = (json.loads(row.facts) for row in rows if getattr(row, "key", "") == "formula@example.org")
    assert facts["first_name"] == '=HYPERLINK("http://evil.example","x")'
    assert facts["last_name"] == "+1+1"


def test_letters_of_every_script_survive(tmp_path):
    _, rows = plan(FOLDER / "mailchimp_audience_export.zip", tmp_path)
    names = {row.key: json.loads(row.facts).get("first_name") for row in rows if hasattr(row, "key")}
    assert names["dalia@example.org"] == "داليا"
    assert names["noa@example.org"] == "נועה"
    assert names["emi@example.jp.example"] == "絵美"
    assert names["party@example.org"] == "Party 🎉"
