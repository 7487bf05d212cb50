"""Common mistakes in a key setting, so that a message can name the one that was made. No text contains the key."""

import os
import re

LITERAL_LINE_END = b"\\n"
PEM_BEGIN = b"-----BEGIN"
PEM_IN_BASE64 = b"LS0tLS1CRUdJTi"
"""`-----BEGIN` in base64."""

PATH = re.compile(
    rb"(?:~?/|\.{1,2}/|[A-Za-z]:[\\/]|file:)\S+|[\w./\\-]+\.(?:pem|key|crt|cer|pub|der|json|jwk|txt)", re.IGNORECASE
)
LONGEST_PATH = 1024

NOT_A_PATH = "it is a path, but must be the key itself: read the file, as in Path(path).read_text()"


def mistake_in(key: bytes) -> str | None:
    """The mistake in a text that should be a PEM or JWK; None if we don't recognize one."""
    text = key.strip()
    if not text:
        return "it is empty"
    if PEM_BEGIN in text and LITERAL_LINE_END in text:
        return r"it contains backslash and n in place of line ends: write key.replace('\\n', '\n')"
    if text.startswith(PEM_IN_BASE64):
        return "it is a PEM in base64: decode it, as in base64.b64decode(key)"
    return NOT_A_PATH if is_path(text) else None


def is_path(text: bytes) -> bool:
    """Whether a text has the form of a path."""
    return len(text) <= LONGEST_PATH and PATH.fullmatch(text) is not None


def is_path_of_a_file(text: bytes) -> bool:
    """Whether a text is the path of a file on this machine."""
    return is_path(text.strip()) and os.path.isfile(text.strip())  # noqa: PTH113  Path.is_file raises some errors
