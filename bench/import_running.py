"""`python -m bench.import_running [FILE]`: an organization with a topic; with FILE, its import from upload to applied.

The work is done by the product's own actions and by the task that a worker runs. Prints one line of JSON.
"""

import datetime
import json
import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
django.setup()

from accounts.models import Brand, Organization  # noqa: E402
from accounts.tenancy import cross_tenant, tenant_scope  # noqa: E402
from contacts import tasks  # noqa: E402
from contacts.actions import imports  # noqa: E402
from contacts.actions.imports import Consent, Match  # noqa: E402
from contacts.models import ConsentRecord, Contact, Import, Topic  # noqa: E402


def main(arguments: list[str]) -> None:
    with cross_tenant("the benchmark makes its organization"):
        organization = Organization.objects.create(name="Bench", postal_address="Here 1")
        brand = Brand.objects.create(organization=organization, name="Bench", is_default=True)
    with tenant_scope(organization):
        topic = Topic.objects.create(organization=organization, brand=brand, name="News")
    if not arguments:
        print(json.dumps({"organization": organization.pk}))
        return
    began = time.monotonic()
    marks = []
    with Path(arguments[0]).open("rb") as file, tenant_scope(organization):
        chunks = iter(lambda: file.read(1 << 20), b"")
        import_ = imports.receive(organization=organization, file_name="people.csv", chunks=chunks, actor=None)
        matches = [
            Match(one["column"], one["to"], one["date_order"], import_.dialect["columns"][one["column"]], one["kind"])
            for one in import_.mapping
        ]
        consent = Consent("consent", "Yes.", "Shop", datetime.date(2026, 1, 1))
        imports.match_columns(import_=import_, matches=matches, topics=[topic], consent=consent, actor=None)
    marks.append(("upload", time.monotonic()))
    tasks.run_import(organization.pk, import_.pk)
    marks.append(("stage and plan", time.monotonic()))
    with tenant_scope(organization):
        imports.approve(import_=import_, actor=None)
    tasks.run_import(organization.pk, import_.pk)
    marks.append(("apply", time.monotonic()))
    seconds = marks[-1][1] - began
    with tenant_scope(organization):
        found = Import.objects.get(pk=import_.pk)
        if found.state != "applied":
            raise SystemExit(f"The import is {found.state}: {found.problem}")
        people, proofs = Contact.objects.count(), ConsentRecord.objects.count()
    starts = [began, *(at for _, at in marks)]
    phases = ", ".join(f"{name} {at - start:.1f} s" for (name, at), start in zip(marks, starts, strict=False))
    print(json.dumps({"seconds": seconds, "people": people, "proofs": proofs, "phases": phases}))


if __name__ == "__main__":
    main(sys.argv[1:])
