"""The project on oxijwt: one line at the top."""

import oxijwt.as_simplejwt  # noqa: F401, I001  the line under test; it must come first
from switch_site.settings import *  # noqa: F403
