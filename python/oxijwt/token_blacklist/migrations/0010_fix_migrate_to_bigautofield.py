from django.db import migrations, models


class Migration(migrations.Migration):
    # There is no 0009: simplejwt never published one.
    dependencies = [("token_blacklist", "0008_migrate_to_bigautofield")]

    operations = [
        migrations.AlterField("BlacklistedToken", "id", models.BigAutoField(primary_key=True, serialize=False)),
        migrations.AlterField("OutstandingToken", "id", models.BigAutoField(primary_key=True, serialize=False)),
    ]
