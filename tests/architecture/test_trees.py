"""One path, four trees: tests and templates lie where their source lies; no file is too long; every room has a name."""

import ast
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
APPS = ["accounts", "contacts", "sending", "reputation", "campaigns", "posthouse"]
LONGEST = 500  # lines; 300 is what one should aim at
NAMELESS = {"utils", "helpers", "common", "services", "misc", "util", "lib"}
# Tests of the whole, which have no one source file: journeys through the product, the shape of the code.
WHOLE = {"architecture", "face", "journeys", "receivers"}
# Templates that belong to no view of ours: the kit, and the names that allauth and Django look for.
SHARED_TEMPLATES = {"kit", "account", "allauth", "registration", "emails"}


def sources(*suffixes: str) -> list[Path]:
    places = [*APPS, "tests", "templates", "static", "bench", "prove"]
    return [
        path.relative_to(CHECKOUT)
        for place in places
        for path in sorted((CHECKOUT / place).rglob("*"))
        if path.suffix in suffixes and "vendor" not in path.parts and "__pycache__" not in path.parts
    ]


PYTHON = [path for path in sources(".py") if "migrations" not in path.parts]
TESTS = [path for path in PYTHON if path.parts[0] == "tests" and path.name.startswith("test_")]
TEMPLATES = [path for path in sources(".html", ".txt") if path.parts[0] == "templates" and len(path.parts) > 2]


def test_there_is_something_to_look_at() -> None:
    assert len(PYTHON) > 100
    assert len(TESTS) > 10


def lies_at(path: Path) -> bool:
    return (CHECKOUT / path).with_suffix(".py").exists() or (CHECKOUT / path.with_suffix("") / "__init__.py").exists()


def has_tests(path: Path) -> bool:
    """tests/contacts/actions/test_imports.py belongs to contacts/actions/imports.py, test_imports_killed.py as well."""
    name = path.stem.removeprefix("test_")
    words = name.split("_")
    return any(lies_at(Path(*path.parts[1:-1], "_".join(words[:n]))) for n in range(len(words), 0, -1))


def test_tests_mirror_the_source() -> None:
    assert [str(path) for path in TESTS if path.parts[1] not in WHOLE and not has_tests(path)] == []


def named_in_the_code(path: Path) -> bool:
    """templates/posthouse/five_things.html is drawn by a tag that names it whole."""
    name = path.relative_to("templates").as_posix()
    return any(name in (CHECKOUT / source).read_text(encoding="utf-8") for source in PYTHON if source.parts[0] in APPS)


def test_templates_mirror_the_views() -> None:
    """templates/contacts/segments/edit.html belongs to contacts/views/segments.py."""
    lost = [
        str(path)
        for path in TEMPLATES
        if path.parts[1] not in SHARED_TEMPLATES
        and not (
            len(path.parts) > 3
            and any(lies_at(Path(path.parts[1], room, path.parts[2])) for room in ("views", "templatetags"))
        )
        and not (len(path.parts) == 3 and named_in_the_code(path))
    ]
    assert lost == []


def test_no_file_is_too_long() -> None:
    long = {
        str(path): lines
        for path in [*PYTHON, *sources(".html", ".js", ".css")]
        if (lines := len((CHECKOUT / path).read_bytes().splitlines())) > LONGEST
    }
    assert long == {}


def test_every_room_has_a_name_of_its_own() -> None:
    nameless = [
        str(path)
        for path in sources(".py", ".js", ".html", ".css")
        if NAMELESS & {part.split(".")[0] for part in path.parts}
    ]
    assert nameless == []


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_the_first_line_says_the_duty(path: Path) -> None:
    source = (CHECKOUT / path).read_text(encoding="utf-8")
    if not source.strip():
        return
    duty = ast.get_docstring(ast.parse(source))
    assert duty, f"{path} does not say what it is for"
    assert duty.split("\n\n")[0].endswith((".", "?", ":")), f"{path}: the duty is a sentence"


def test_apps_do_not_signal_each_other() -> None:
    """Facts go up as rows. Signals of libraries are received in adapters, and Celery's at the roof."""
    signalling = [
        str(path)
        for path in PYTHON
        if path.parts[0] in APPS
        and "adapters" not in path.parts
        and re.search(
            r"django\.(db\.models|dispatch|core|test)\S* import .*\b(Signal|receiver|post_save|pre_save|post_delete|m2m_changed)\b",
            (CHECKOUT / path).read_text(encoding="utf-8"),
        )
    ]
    assert signalling == []


def test_every_way_around_the_wall_gives_its_reason() -> None:
    """`cross_tenant` is for daemons, operators and sweeps. Each reason is listed here, so that a new one is seen."""
    reasons: dict[str, list[str]] = {}
    for path in PYTHON:
        if path.parts[0] not in APPS or path.as_posix() == "accounts/tenancy.py":
            continue
        source = (CHECKOUT / path).read_text(encoding="utf-8")
        assert "scopes_disabled" not in source, f"{path}: accounts/tenancy.py is the only user of django-scopes"
        for call in ast.walk(ast.parse(source)):
            if (
                isinstance(call, ast.Call)
                and getattr(call.func, "attr", getattr(call.func, "id", "")) == "cross_tenant"
            ):
                reason = call.args[0]
                assert isinstance(reason, ast.Constant), f"{path}:{call.lineno}: the reason is written out"
                reasons.setdefault(path.as_posix(), []).append(reason.value)
    assert {path: sorted(found) for path, found in reasons.items()} == WAYS_AROUND


WAYS_AROUND = {
    "accounts/actions/organizations.py": [
        "a person founds an organization, which is nobody's yet",
        "the house's own mail belongs to no tenant",
    ],
    "campaigns/tasks.py": [
        "campaigns of every organization that may be done",
        "launches of every organization that lost their wake-up",
        "launches of every organization whose time has come",
        "links of every organization that are to be asked",
    ],
    "posthouse/metrics.py": ["an operator's numbers are of all organizations together"],
    "campaigns/management/commands/mailq.py": ["an operator looks at the queue of all organizations"],
    "campaigns/management/commands/rulings.py": [
        "an operator looks at the rulings about all organizations",
        "an operator names an organization or a campaign",
    ],
    "campaigns/forms/rulings.py": ["an operator names an organization or a campaign"],
    "campaigns/views/rulings.py": ["an operator looks at the rulings about all organizations"] * 2,
    "campaigns/queries/archives.py": ["an archive is found by its brand's public id alone"],
    "campaigns/queries/web_versions.py": ["a web version is found by the token in a mail alone"],
    "contacts/actions/health.py": ["sweep counts of health that lost their worker"],
    "contacts/actions/house_suppressions.py": ["the operator's list belongs to no tenant, its log to the house"],
    "contacts/actions/import_work.py": [
        "remove the staged rows of old imports",
        "sweep imports that lost their worker",
    ],
    "contacts/actions/job_work.py": [
        "remove the undo lists of old bulk jobs",
        "sweep bulk jobs that lost their worker",
    ],
    "contacts/actions/privacy_requests.py": ["sweep the privacy requests of all organizations"],
    "contacts/actions/signups.py": ["find sign-ups that nobody confirmed"],
    "contacts/queries/signup_forms.py": ["a sign-up form is found by its public id alone"],
    "posthouse/demo/seeding.py": [
        "look whether the demo was seeded before",
        "the demo's people become members",
    ],
    "reputation/management/commands/rebuild_totals.py": ["rebuild the totals from the ledger"],
    "reputation/tasks.py": [
        "find the addresses whose budgets of today are not set yet",
        "find the domains of all organizations whose check is due",
        "fold the tallies of all organizations into totals",
        "forget the DMARC reports of all organizations that are too old to be looked at",
        "forget what was decided for addresses long ago",
        "set an address's budgets of today",
    ],
    "reputation/views/operator_warmups.py": [
        "an operator looks at the warm-up of an address",
        "an operator steers the warm-up of an address",
    ],
    "reputation/adapters/dmarc.py": ["a DMARC report names a domain, not its organization"],
    "sending/actions/failures.py": [
        "find whose mail failed of late, whoever sent it",
        "remember how far the failures of all organizations have been counted",
    ],
    "sending/actions/rulings.py": ["an operator rules over the mail of all organizations"] * 5,
    "sending/actions/tls_reports.py": ["the TLS reports of the house belong to no tenant"] * 5,
    "sending/adapters/late_waves.py": ["whether most of what was sent to a place came back, whoever sent it"],
    "sending/management/commands/bounces_to_review.py": [
        "an operator decides about a wave of bounces for all organizations",
        "an operator looks at the bounces of all organizations that wait for review",
    ],
    "sending/tasks.py": [
        "accounts of every organization that their ESP refuses",
        "what is being sent again of every organization, by choice",
        "which provider is behind a domain is the same for everybody",
    ],
    "sending/management/commands/reseal_keys.py": ["seal the keys of all organizations anew"],
    "sending/adapters/mailroom.py": ["a report names a message by our token, not by its organization"],
    "sending/management/commands/audit_ledger.py": ["the audit looks at every organization's ledger"],
    "sending/actions/egress.py": ["addresses are the house's, and whose mail leaves from which"],
    "sending/views/operator_addresses.py": ["an operator looks at the addresses of all organizations"] * 2,
    "sending/views/esp_reports.py": ["a report names an account by its address, not by its organization"],
    "sending/management/commands/trace.py": ["an operator asks what became of one address"],
}
