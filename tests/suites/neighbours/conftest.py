"""Each file of tests needs a site of its own: `make neighbours` names them, and other runs leave the files out."""

collect_ignore_glob = ["test_*.py"]
