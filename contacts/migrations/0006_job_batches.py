"""Whom a job changed, batch by batch, so that it can be undone."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from accounts.row_security import behind_wall


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_walls'),
        ('contacts', '0005_walls_of_the_new'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('subscribe', 'Subscribe to a topic'), ('tag', 'Add a tag'), ('untag', 'Remove a tag'), ('suppress', 'Put on the do-not-send list'), ('archive', 'Archive'), ('restore', 'Bring back'), ('delete', 'Delete'), ('convert_field', 'Convert a field'), ('merge_fields', 'Merge two fields'), ('undo', 'Take back')], max_length=20),
        ),
        migrations.CreateModel(
            name='JobBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.job')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['job', 'id'], name='contacts_job_batch')],
            },
        ),
        behind_wall("contacts_jobbatch"),
    ]
