"""`python -m bench.import_running [FILE ORGANIZATION]`: an organization with a topic; or an import into it, upload to applied.

The work is done by the product's own actions and by the task that a worker runs. Prints one line of JSON.
"""

import datetime
import json
import os
import resource
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")
django.setup()

from accounts.models import Brand, Organization  # noqa: E402
from accounts.tenancy import cross_tenant, tenant_scope  # noqa: E402
from contacts import tasks  # noqa: E402
from contacts.actions import fields, imports  # noqa: E402
from contacts.actions.imports import Consent  # noqa: E402
from contacts.models import ConsentRecord, Contact, Import, ImportChange, Topic  # noqa: E402


def main(arguments: list[str]) -> None:
    if not arguments:
        print(json.dumps({"organization": found()}))
        return
    path, organization_id = Path(arguments[0]), int(arguments[1])
    with cross_tenant("the benchmark finds its organization"):
        organization = Organization.objects.get(pk=organization_id)
    began = time.monotonic()
    marks = []
    with path.open("rb") as file, tenant_scope(organization):
        chunks = iter(lambda: file.read(1 << 20), b"")
        import_ = imports.receive(organization=organization, file_name="people.csv", chunks=chunks, actor=None)
    marks.append(("upload", time.monotonic()))
    tasks.run_import(organization.pk, import_.pk)
    marks.append(("look", time.monotonic()))
    with tenant_scope(organization):
        import_ = Import.objects.get(pk=import_.pk)
        matches = imports.as_guessed(import_)
        consent = Consent("consent", "Yes.", "Shop", datetime.date(2026, 1, 1))
        topics = list(Topic.objects.all())
        imports.match_columns(import_=import_, matches=matches, topics=topics, consent=consent, actor=None)
    tasks.run_import(organization.pk, import_.pk)
    marks.append(("stage and plan", time.monotonic()))
    with tenant_scope(organization):
        imports.approve(import_=import_, actor=None)
    tasks.run_import(organization.pk, import_.pk)
    marks.append(("apply", time.monotonic()))
    seconds = marks[-1][1] - began
    with tenant_scope(organization):
        done = Import.objects.get(pk=import_.pk)
        if done.state != "applied":
            raise SystemExit(f"The import is {done.state}: {done.problem}")
        counts = {
            "people": Contact.objects.count(),
            "proofs": ConsentRecord.objects.count(),
            "changes": ImportChange.objects.count(),
        }
    starts = [began, *(at for _, at in marks)]
    phases = ", ".join(f"{name} {at - start:.1f} s" for (name, at), start in zip(marks, starts, strict=False))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "phases": phases, **counts}))


def found() -> int:
    """An organization with a topic and a field that some of its people have a value of."""
    with cross_tenant("the benchmark makes its organization"):
        organization = Organization.objects.create(name="Bench", postal_address="Here 1")
        brand = Brand.objects.create(organization=organization, name="Bench", is_default=True)
    with tenant_scope(organization):
        Topic.objects.create(organization=organization, brand=brand, name="News")
        fields.create(organization=organization, label="City", kind="text", actor=None)
    return organization.pk


if __name__ == "__main__":
    main(sys.argv[1:])
