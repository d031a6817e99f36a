"""Row-level security for the tables of contacts; the consent ledger is append-only."""

from django.db import migrations

from accounts.row_security import APPEND, append_only, behind_wall


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        *(
            behind_wall(f"contacts_{table}")
            for table in ("contact", "field", "import", "importrow", "segment", "subscription", "suppression", "topic")
        ),
        behind_wall("contacts_consentrecord", grant=APPEND),
        append_only("contacts_consentrecord"),
    ]
