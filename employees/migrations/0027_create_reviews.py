"""Who waits for a person because another program added them; what programs wrote, by an index."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('employees', '0026_create_mass_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Review',
            fields=[
                ('employee_id', models.IntegerField(primary_key=True, serialize=False)),
                ('why', models.JSONField(default=list)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('state', models.CharField(choices=[('open', 'waits'), ('completed', 'completed'), ('merged', 'merged into another row'), ('left', 'left as they are'), ('away', 'not working here')], default='open', max_length=9)),
                ('decided_by', models.CharField(blank=True, max_length=100)),
                ('decided_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('kept_id', models.IntegerField(null=True)),
                ('batch', models.CharField(blank=True, max_length=32)),
                ('mapping_ids', models.JSONField(default=list)),
            ],
            options={
                'db_table': 'employee_reviews',
            },
        ),
        migrations.AlterField(
            model_name='change',
            name='source',
            field=models.CharField(choices=[('admin', 'in the console'), ('kiosk', 'at the kiosk'), ('program', 'by a command'), ('plan', 'as planned'), ('import', 'by an import'), ('enrolment', 'by an enrolment'), ('sql', 'outside the console')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['source', '-id'], name='employee_changes_source'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['state', 'since'], name='employee_reviews_state'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['kept_id'], name='employee_reviews_kept'),
        ),
    ]
