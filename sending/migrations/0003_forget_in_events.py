"""Who is forgotten is taken out of the event log: out of servers' replies, and the devices that opened their mail."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sending", "0002_event_and_walls")]

    operations = [
        migrations.RunSQL(
            "GRANT UPDATE (text, facts) ON sending_event TO posthouse_app, posthouse_daemon",
            "REVOKE UPDATE (text, facts) ON sending_event FROM posthouse_app, posthouse_daemon",
        )
    ]
