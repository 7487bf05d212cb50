from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import CASCADE


class Migration(migrations.Migration):
    dependencies = [("token_blacklist", "0006_auto_20171017_2113")]

    operations = [
        migrations.AlterField("OutstandingToken", "created_at", models.DateTimeField(null=True, blank=True)),
        migrations.AlterField(
            "OutstandingToken",
            "user",
            models.ForeignKey(settings.AUTH_USER_MODEL, CASCADE, null=True, blank=True),
        ),
    ]
