"""Row-level security for the new tables of campaigns."""

from django.db import migrations

from accounts.row_security import behind_wall

TABLES = ("approval", "block", "brandkit", "designversion", "linkcheck", "media", "reportshare", "tester", "variant")


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_campaigns_at_full_strength")]

    operations = [behind_wall(f"campaigns_{table}") for table in TABLES]
