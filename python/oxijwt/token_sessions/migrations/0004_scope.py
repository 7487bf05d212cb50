from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("token_sessions", "0003_owed_publications")]

    operations = [
        migrations.AddField("tokensession", "scope", models.TextField(null=True, verbose_name="scope")),
    ]
