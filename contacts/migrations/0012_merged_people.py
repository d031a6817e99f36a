"""Who was found to be whom, and the rows of imports by their address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0011_do_not_send_in_full"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="merged_into",
            field=models.BigIntegerField(blank=True, help_text="The contact whom they were found to be.", null=True),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="contact_merged"
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(
                condition=models.Q(("address_key", ""), _negated=True),
                fields=["address_key", "source"],
                name="import_row_address",
            ),
        ),
    ]
