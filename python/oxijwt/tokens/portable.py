"""Tokens in pickles and copies."""

from __future__ import annotations

from copy import deepcopy
from typing import Self

NOT_PICKLED = frozenset({"_token_backend", "before_write", "grant", "kept_records", "session"})


class Portable:
    """A token that can be pickled and copied. A pickle has its text and claims, but no key, backend or session."""

    def __getstate__(self) -> dict[str, object]:
        # A cache or another process gets no key, and checks again whether the token is valid.
        return {name: value for name, value in self.__dict__.items() if name not in NOT_PICKLED}

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, kept_records=None)
        return other

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # The backend is shared: it holds keys, which must not be copied.
        other = self.__copy__()
        own = {name: value for name, value in other.__dict__.items() if name != "_token_backend"}
        other.__dict__.update(deepcopy(own, memo))
        return other
