"""The recipes of docs/neighbours.md, as they are written there."""

import re

from tools.sdists import REPOSITORY

PAGE = REPOSITORY / "docs/neighbours.md"

for source in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
    exec(compile(source, PAGE, "exec"), globals())  # noqa: S102  our own page
