"""Whoever brings in a complaint may add it to what the address was answered, also where its numbers may not be read."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sending", "0016_second_keys")]

    operations = [
        migrations.RunSQL(
            """GRANT INSERT (source_id, provider, hour, complained) ON sending_sourcecount TO posthouse_app;
               CREATE POLICY evidence ON sending_sourcecount FOR INSERT TO posthouse_app WITH CHECK (true)""",
            """DROP POLICY evidence ON sending_sourcecount;
               REVOKE INSERT ON sending_sourcecount FROM posthouse_app""",
        ),
    ]
