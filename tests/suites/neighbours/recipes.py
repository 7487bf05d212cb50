"""The recipes of docs/neighbours.md, as they are written there. Those with allauth are for the site that has it."""

import re

from django.apps import apps

from tools.sdists import REPOSITORY

PAGE = REPOSITORY / "docs/neighbours.md"

for source in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
    if apps.is_installed("allauth.account") or not re.search("allauth|registration", source):
        exec(compile(source, PAGE, "exec"), globals())  # noqa: S102  our own page
