from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("token_blacklist", "0001_initial")]

    operations = [
        migrations.AddField("OutstandingToken", "jti_hex", models.CharField(max_length=255, null=True, blank=True))
    ]
