from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("token_sessions", "0001_initial")]

    operations = [
        migrations.AddField(
            "tokensession",
            "idle_lifetime",
            models.DurationField(null=True, verbose_name="lives without a refresh for"),
        ),
        # A node that does not know the column leaves it to the database. The model itself has no `db_default`: each
        # INSERT would return the column then.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddField("tokensession", "is_login", models.BooleanField(db_default=True)),
            ],
            state_operations=[
                migrations.AddField(
                    "tokensession", "is_login", models.BooleanField(default=True, verbose_name="is a login")
                ),
            ],
        ),
    ]
