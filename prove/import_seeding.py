"""What a person does with an import that is to be tormented: `python -m prove.import_seeding bring|match|approve|undo ...`.

By the product's own verbs, under the role that row-level security binds; the worker is woken as the pages wake it. JSON out.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    bringing = verbs.add_parser("bring")
    bringing.add_argument("--people", type=int, required=True)
    bringing.add_argument("--known", type=int, required=True, help="so many of them are there before")
    for verb in ("match", "approve", "undo"):
        verbs.add_parser(verb).add_argument("--import", type=int, required=True, dest="import_")
    options = parser.parse_args(arguments)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
    import django

    django.setup()
    answer = bring(options.people, options.known) if options.verb == "bring" else go_on(options.verb, options.import_)
    print(json.dumps(answer))
    return 0


def pieces(people: int) -> Iterator[bytes]:
    """A JSON file of people, each with a city, a time of consent and a tag."""
    for n in range(people):
        one = {
            "email": f"import-{n}@plainfield.example",
            "first_name": f"Zoë {n}",
            "city": f"City {n % 97}",
            "tags": ["Harbour"],
            "subscribed_at": "2024-03-01T10:00:00Z",
        }
        yield (b"[" if n == 0 else b",") + json.dumps(one).encode()
    yield b"]"


def bring(people: int, known: int) -> dict[str, object]:
    from django.db import connection, transaction

    from accounts.models import Brand
    from accounts.tenancy import tenant_scope
    from bench import harbour
    from contacts import tasks
    from contacts.actions import fields, imports
    from contacts.models import Topic

    organization, owner = harbour.found(name="Imports Harbour", email="imports-owner@posthouse.example")
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization, is_default=True)
        Topic.objects.create(organization=organization, brand=brand, name="Harbour news")
        fields.create(organization=organization, label="City", kind="text", actor=owner)
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO contacts_contact (organization_id, address, address_key, domain, locale, "values", source,
                                                 created_at, updated_at)
                   SELECT %s, a, a, 'plainfield.example', '', '{"city": "Before"}', 'manual', now(), now()
                   FROM (SELECT 'import-' || i || '@plainfield.example' AS a FROM generate_series(0, %s - 1) i) known""",
                [organization.pk, known],
            )
        import_ = imports.receive(
            organization=organization, file_name="people.json", chunks=pieces(people), actor=owner
        )
        transaction.on_commit(lambda: tasks.run_import.delay(organization.pk, import_.pk))
    return {"organization": organization.pk, "import": import_.pk}


def go_on(verb: str, import_id: int) -> dict[str, object]:
    import datetime

    from django.db import transaction

    from accounts.tenancy import cross_tenant, tenant_scope_id
    from contacts import tasks
    from contacts.actions import import_undo, imports
    from contacts.actions.imports import Consent
    from contacts.models import Import, Topic

    with cross_tenant("a proof looks up whose import it goes on with"):
        organization_id = Import.objects.get(pk=import_id).organization_id
    with tenant_scope_id(organization_id):
        import_ = Import.objects.select_related("created_by").get(pk=import_id)
        actor = import_.created_by
        if verb == "match":
            matches = imports.as_guessed(import_)
            consent = Consent("consent", "Yes, write to me.", "The harbour fair", datetime.date(2026, 5, 1))
            topics = list(Topic.objects.filter(name="Harbour news"))
            imports.match_columns(import_=import_, matches=matches, topics=topics, consent=consent, actor=actor)
        elif verb == "approve":
            imports.approve(import_=import_, actor=actor)
        else:
            import_undo.start(import_=import_, actor=actor)
        transaction.on_commit(lambda: tasks.run_import.delay(organization_id, import_id))
    return {"import": import_id}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
