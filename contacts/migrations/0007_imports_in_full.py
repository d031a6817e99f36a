"""Imports that are unpacked first, say what they did, and find the rows that are worth a look."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_walls'),
        ('contacts', '0006_job_batches'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='importrow',
            name='import_row_line',
        ),
        migrations.AddField(
            model_name='import',
            name='result',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='import',
            name='tags',
            field=models.JSONField(default=list, help_text='Names that everybody gets.'),
        ),
        migrations.AlterField(
            model_name='import',
            name='state',
            field=models.CharField(choices=[('unpacking', 'Unpacking the file'), ('uploaded', 'Columns to be matched'), ('staging', 'Reading the file'), ('planned', 'Waiting for your review'), ('applying', 'Applying'), ('applied', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('undoing', 'Being undone'), ('undone', 'Undone')], default='uploaded', max_length=12),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(fields=['source', 'verdict', 'line'], name='import_row_verdict'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('note__gt', 0), ('status__gt', 1), _connector='OR'), fields=['source', 'line'], name='import_row_remarkable'),
        ),
    ]
