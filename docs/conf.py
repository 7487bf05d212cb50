"""Sphinx's configuration: `make docs` builds the pages of this folder, and every warning is an error."""

import os
import posixpath
import sys
from pathlib import Path

import django
from docutils import nodes

# The reference imports the package, which needs settings.
sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.sites.sessions")
django.setup()

project = "oxijwt"
language = "en"
html_theme = "furo"
html_title = "oxijwt"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

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


def show_titles(app, doctree, page):
    """Links such as `[keys.md](keys.md)` show the page's title. GitHub shows the file's name."""
    for link in doctree.findall(nodes.reference):
        if link.astext().endswith(".md") and link.get("internal"):
            target = posixpath.join(posixpath.dirname(page), link["refuri"].partition("#")[0])
            title = app.env.titles[posixpath.normpath(target).removesuffix(".html")].astext()
            link.children = [nodes.inline(title, title)]


def setup(app):
    """Sphinx calls this."""
    app.connect("autodoc-skip-member", skip_constants)
    app.connect("doctree-resolved", show_titles)
