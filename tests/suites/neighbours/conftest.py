"""The packages are on the path of `make neighbours` only."""

from importlib.util import find_spec

if find_spec("djoser") is None or find_spec("dj_rest_auth") is None:
    collect_ignore_glob = ["test_*.py"]
