from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import SET_NULL


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("token_blacklist", "0011_linearizes_history"),
    ]

    operations = [
        migrations.AlterField(
            "OutstandingToken",
            "user",
            models.ForeignKey(settings.AUTH_USER_MODEL, SET_NULL, null=True, blank=True),
        ),
    ]
