"""Row-level security for the tables of campaigns."""

from django.db import migrations

from accounts.row_security import behind_wall


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial"), ("accounts", "0002_walls")]

    operations = [behind_wall("campaigns_design"), behind_wall("campaigns_campaign")]
