"""What was done to one thing is found by it: for a person's timeline, and for whoever is forgotten."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_campaigns_at_full_strength'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['target_kind', 'target_id', '-id'], name='audit_by_target'),
        ),
    ]
