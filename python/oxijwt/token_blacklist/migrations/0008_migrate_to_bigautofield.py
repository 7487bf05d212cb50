from django.db import migrations, models


def big_id():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("token_blacklist", "0007_auto_20171017_2214")]

    operations = [
        migrations.AlterField("BlacklistedToken", "id", big_id()),
        migrations.AlterField("OutstandingToken", "id", big_id()),
    ]
