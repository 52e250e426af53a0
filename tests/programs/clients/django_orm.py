"""Django: connection set-up (time zone, isolation level), ORM, server-side cursors, savepoints."""

import warnings

import django
from crowd import CLIENTS, DATABASE, HOST, PORT, USER, run_threads
from django.conf import settings

settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": HOST, "PORT": PORT, "NAME": DATABASE,
        "USER": USER, "CONN_MAX_AGE": None, "TIME_ZONE": "Asia/Tokyo",
        "OPTIONS": {"isolation_level": 2, "options": "-c statement_timeout=55s"}}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    USE_TZ=True, TIME_ZONE="Asia/Tokyo", DEFAULT_AUTO_FIELD="django.db.models.AutoField")
warnings.simplefilter("ignore")
django.setup()

# pylint: disable=wrong-import-position
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F


def show(name):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return cursor.fetchone()[0]


def work(number, say):
    with transaction.atomic():
        say(f"{show('TimeZone')} {show('transaction_isolation')} {show('statement_timeout')}")
    group = Group.objects.create(name=f"group {number}")
    users = User.objects.bulk_create(
        [User(username=f"user {number}-{i}", last_name=str(i)) for i in range(30)])
    group.user_set.add(*users)
    say(Group.objects.annotate(members=Count("user")).get(pk=group.pk).members)
    mine = User.objects.filter(groups=group)
    # Outside of a transaction this is a cursor WITH HOLD.
    say([user.username for user in mine.order_by("id").iterator(chunk_size=7)][::10])
    with transaction.atomic():
        locked = mine.select_for_update().order_by("id").first()
        try:
            with transaction.atomic():
                User.objects.create(username=locked.username)
        except IntegrityError:
            say("there is one already")
        locked.first_name = "locked"
        locked.save()
        say([user.pk == locked.pk for user in mine.order_by("id").iterator(chunk_size=5)][:2])
    mine.update(last_name=F("username"))
    say(sorted(mine.values_list("last_name", flat=True))[:2])
    try:
        with transaction.atomic():
            mine.delete()
            raise RuntimeError("taken back")
    except RuntimeError as error:
        say(f"{error}: {mine.count()}")
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = %s", [f"{2 + number}MB"])
        cursor.execute("SELECT set_config('app.tenant', %s, false)", [str(number)])
    for _ in range(5):
        with transaction.atomic():
            say(f"{show('work_mem')} {show('app.tenant')} {mine.filter(pk=locked.pk).count()}")
    connection.close()


if __name__ == "__main__":
    call_command("migrate", verbosity=1)
    call_command("showmigrations")
    assert CLIENTS > 0
    run_threads(work)
