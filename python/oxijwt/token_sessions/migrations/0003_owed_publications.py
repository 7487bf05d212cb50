from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("token_sessions", "0002_lifetimes")]

    operations = [
        # A rebuild of REVOCATION_CACHE looks for the sessions that ended last. A refresh does not change the column.
        migrations.AlterField(
            "tokensession", "revoked_at", models.DateTimeField(db_index=True, null=True, verbose_name="revoked at")
        ),
        migrations.CreateModel(
            "OwedPublication",
            [
                ("sid", models.UUIDField(primary_key=True, serialize=False, verbose_name="session")),
                ("until", models.DateTimeField(db_index=True, verbose_name="matters until")),
                ("is_deleted", models.BooleanField(default=False, verbose_name="the session's row is deleted")),
                ("is_published", models.BooleanField(default=False, verbose_name="is published")),
            ],
            {"verbose_name": "Owed Publication", "verbose_name_plural": "Owed Publications"},
        ),
    ]
