"""Sphinx's configuration: `make docs` builds the pages of this folder, and every warning is an error."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.sessions")
django.setup()  # the reference imports the package

project = "oxijwt"
language = "en"
html_theme = "furo"
html_title = "oxijwt"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["conf.py"]
html_copy_source = False

# Links such as `sessions.md#ending-a-session` name a heading, as on GitHub.
myst_heading_anchors = 4
myst_enable_extensions = ["fieldlist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Names of Django, DRF and the standard library: a page can be built without the network, so it links to none of them.
nitpick_ignore_regex = [("py:.*", ".*")]
