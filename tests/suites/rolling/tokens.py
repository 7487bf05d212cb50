"""What a token says. Nothing here verifies it, and simplejwt's nodes can import it."""

import base64
import json


def claims_of(token):
    """The claims of a token."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def describe(token):
    """Its type, generation and session, for a person who reads why a login was lost."""
    claims = claims_of(token)
    return f"{claims['token_type']} {claims.get('gen', '')} of {claims.get('sid', 'no session')[:10]}"
