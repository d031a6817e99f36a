"""The language that a person chose; preferences, requests and disputed sources, found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_forget_in_audit"),
        ("contacts", "0008_signups"),
    ]

    operations = [
        migrations.AddField(
            model_name="preference",
            name="language",
            field=models.CharField(
                blank=True, default="", help_text="Chosen by themselves; see contacts/languages.py.", max_length=10
            ),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="preference",
            index=models.Index(fields=["organization", "contact"], name="preference_by_organization"),
        ),
        migrations.AddIndex(
            model_name="privacyrequest",
            index=models.Index(fields=["contact", "-id"], name="privacy_request_person"),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                condition=models.Q(("lifted_at", None), ("reason", "manual"), ("source", "page")),
                fields=["organization", "about"],
                name="suppression_disputed",
            ),
        ),
    ]
