"""Sphinx's configuration: `make docs` builds the pages of this folder, and every warning is an error."""

import os
import sys
from pathlib import Path

import django

# The reference imports the package, which needs settings.
sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.sessions")
django.setup()

project = "oxijwt"
language = "en"
html_theme = "furo"
html_title = "oxijwt"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["conf.py"]
html_copy_source = False

# Links such as `sessions.md#ending-a-session` name a heading, as on GitHub.
myst_heading_anchors = 4

# Docstrings have single backticks around code, as Markdown has.
default_role = "literal"
autodoc_member_order = "bysource"
# Signatures name classes of Django, DRF and the standard library. The site links to no other site, so that it can be
# built without the network.
nitpick_ignore_regex = [("py:.*", ".*")]


def skip_constants(*event):
    """Leave constants out of the reference: they are internal. The third argument of the event is a name."""
    return True if event[2].isupper() else None


def setup(app):
    """Sphinx calls this."""
    app.connect("autodoc-skip-member", skip_constants)
