"""Row-level security for the tables of reputation."""

from django.db import migrations

from accounts.row_security import behind_wall


class Migration(migrations.Migration):
    dependencies = [("reputation", "0001_initial"), ("accounts", "0002_walls")]

    operations = [behind_wall("reputation_total"), behind_wall("reputation_domaincheck")]
