"""Users, sessions and outstanding tokens by the million, as logins and refreshes would have left them."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from oxijwt.token_sessions.password import auth_hash

from .databases import execute

PASSWORD = "a password of the measurements"
SESSIONS_PER_USER = 4
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)

USERS = """
INSERT INTO auth_user (id, username, password, is_active, is_staff, is_superuser, first_name, last_name, email,
                       date_joined)
SELECT n, 'user' || n, %(password)s, true, false, false, '', '', '', now()
FROM generate_series(1, %(users)s) AS n
"""

# In the order of their logins. The first half is past its absolute end; the rest was last refreshed today, one in
# twenty yesterday. 14 days idle, 30 days at most, access tokens of 5 minutes.
SESSIONS = """
WITH login AS (
    SELECT n, n <= %(rows)s / 2 AS over, now() - CASE WHEN n <= %(rows)s / 2 THEN interval '32 days' ELSE '0' END
           - interval '29 days' * (1 - mod(n - 1, %(rows)s / 2)::float / (%(rows)s / 2)) AS created
    FROM generate_series(1, %(rows)s) AS n
), refreshed AS (
    SELECT *, created + interval '30 days' AS absolute, greatest(created, CASE
        WHEN over THEN created + random() * interval '29 days'
        ELSE date_trunc('day', now()) + random() * (now() - date_trunc('day', now()))
             - CASE WHEN mod(n, 20) = 0 THEN interval '1 day' ELSE '0' END
    END) AS rotated
    FROM login
), ending AS (
    SELECT *, least(rotated + interval '14 days', absolute) AS expires FROM refreshed
)
INSERT INTO token_sessions_tokensession (id, user_id, generation, created_at, rotated_at, expires_at,
    absolute_expires_at, flush_after, auth_hash, ip_address, user_agent)
SELECT gen_random_uuid(), 1 + floor(random() * %(users)s), 1 + floor(random() * 500), created, rotated, expires,
    absolute, (least(expires + interval '5 minutes', absolute) + interval '1 day')::date, %(auth_hash)s,
    inet '1.0.0.0' + floor(random() * 3e9)::bigint,
    overlay(%(user_agent)s PLACING (100 + mod(n, 40))::text FROM 89)
FROM ending ORDER BY n
"""

# As simplejwt records them: refresh tokens of one day, half of them expired, one in five spent by rotation. Nobody
# logged in a day ago, so that none expires while commands are compared.
OUTSTANDING = """
INSERT INTO token_blacklist_outstandingtoken (user_id, jti, token, created_at, expires_at)
SELECT 1 + floor(random() * %(users)s), md5(random()::text || n), repeat(md5(n::text), 8), created,
       created + interval '1 day'
FROM (SELECT n, now() - interval '2 days' * (1 - (n - 0.5) / %(rows)s)
             + interval '1 hour' * CASE WHEN n <= %(rows)s / 2 THEN -1 ELSE 1 END AS created
      FROM generate_series(1, %(rows)s) AS n) AS issued ORDER BY n
"""
BLACKLISTED = """
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, created_at + interval '1 hour' FROM token_blacklist_outstandingtoken WHERE mod(id, 5) = 0 ORDER BY id
"""


def fill_sessions(alias, rows):
    """So many sessions, half of them over."""
    user = get_user_model()(password=make_password(PASSWORD, salt="scale"))
    users = max(1, rows // SESSIONS_PER_USER)
    # Everybody has the same password, and so the same session auth hash.
    values = {"rows": rows, "users": users, "password": user.password, "auth_hash": auth_hash(user)}
    _fill(alias, (USERS, SESSIONS), values | {"user_agent": USER_AGENT})


def fill_outstanding(alias, rows):
    """So many outstanding tokens, half of them expired."""
    values = {"rows": rows, "users": max(1, rows // SESSIONS_PER_USER), "password": "!"}
    _fill(alias, (USERS, OUTSTANDING, BLACKLISTED), values)


def _fill(alias, statements, values):
    # Foreign keys are right by construction.
    execute(alias, "SET session_replication_role = replica")
    for statement in statements:
        execute(alias, statement, values)
    execute(alias, "SET session_replication_role = DEFAULT")
    # As autovacuum would have done meanwhile.
    execute(alias, "VACUUM ANALYZE")
