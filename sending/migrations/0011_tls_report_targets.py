"""A report goes to each place that a domain names, and is open until it has been taken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sending", "0010_tls"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="tlsreport",
            name="tls_report_unique",
        ),
        migrations.AddField(
            model_name="tlsreport",
            name="done_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="tlsreport",
            name="target",
            field=models.CharField(
                default="", help_text="mailto: or https:; empty: nobody asks for reports.", max_length=500
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="tlsreport",
            name="outcome",
            field=models.CharField(max_length=200),
        ),
        migrations.AddIndex(
            model_name="tlsreport",
            index=models.Index(condition=models.Q(("done_at", None)), fields=["id"], name="tls_report_open"),
        ),
        migrations.AddConstraint(
            model_name="tlsreport",
            constraint=models.UniqueConstraint(fields=("day", "domain", "target"), name="tls_report_unique"),
        ),
    ]
