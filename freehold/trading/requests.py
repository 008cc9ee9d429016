"""How a private request is signed: HMAC-SHA256 under the secret of the credentials, over all that it says."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256

SIGNATURE, API_KEY, TIMESTAMP, PASSPHRASE = (
    f"DYDX-{name}" for name in ("SIGNATURE", "API-KEY", "TIMESTAMP", "PASSPHRASE")
)
"""Headers of a private request."""
ETHEREUM_ADDRESS = "DYDX-ETHEREUM-ADDRESS"
"""Header of the request that opens an account, whose SIGNATURE is the wallet's."""
ACCOUNTS_SOCKET = "/ws/accounts"
"""The path that the subscription of one's own account signs, as a GET without a body."""


def request_signature(secret: str, timestamp: str, method: str, path: str, body: str = "") -> str:
    """`path` with its query; `body` is the compact JSON that was meant, empty where there is none.

    Raises ValueError for a secret that is no base64.
    """
    try:
        key = urlsafe_b64decode(secret)
    except NotBase64 as error:
        raise ValueError("a secret is URL-safe base64") from error
    text = f"{timestamp}{method.upper()}{path}{body}"
    return urlsafe_b64encode(hmac.new(key, text.encode(), sha256).digest()).decode()
