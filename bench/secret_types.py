"""Secrets that are nobody's, and what only looks like one: made from a seed, never kept in a file that git tracks."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Mapping
from typing import Callable

_LETTERS = string.ascii_letters
_LOWER = string.ascii_lowercase
_DIGITS = string.digits
_WORD = _LETTERS + _DIGITS
_BASE32 = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"

Maker = Callable[[random.Random], str]


def _some(chance: random.Random, letters: str, many: int) -> str:
    return "".join(chance.choice(letters) for _ in range(many))


def _pem(chance: random.Random, kind: str) -> str:
    body = base64.b64encode(chance.randbytes(1200)).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])


def _jwt(chance: random.Random) -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": _some(chance, _DIGITS, 10), "name": "A"}).encode())
    told = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{told}.{base64.urlsafe_b64encode(chance.randbytes(32)).decode().rstrip('=')}"


# The beginnings are put together here, so that no scanner takes this file for what it makes.
SECRETS: Mapping[str, Maker] = {
    "AWS key id and secret": lambda r: (
        f"aws_access_key_id = {'AK' + 'IA'}{_some(r, _BASE32, 16)}\n"
        f"aws_secret_access_key = {_some(r, _WORD + '/+', 40)}"
    ),
    "AWS key id alone": lambda r: f"id: {'AK' + 'IA'}{_some(r, _BASE32, 16)}",
    "GitHub token": lambda r: f'token = "{"gh" + "p_"}{_some(r, _WORD, 36)}"',
    "GitHub fine-grained token": lambda r: f"GITHUB={'github' + '_pat_'}{_some(r, _WORD, 22)}_{_some(r, _WORD, 59)}",
    "GitHub OAuth token": lambda r: f'"auth": "{"gh" + "o_"}{_some(r, _WORD, 36)}"',
    "GitLab token": lambda r: f"export GL={'gl' + 'pat-'}{_some(r, _WORD, 20)}",
    "Slack bot token": lambda r: (
        f'slack = "{"xo" + "xb-"}{_some(r, _DIGITS, 12)}-{_some(r, _DIGITS, 13)}-{_some(r, _WORD, 24)}"'
    ),
    "Slack webhook": lambda r: (
        f'url = "https://hooks.{"slack"}.com/services/'
        f'T{_some(r, _BASE32, 10)}/B{_some(r, _BASE32, 10)}/{_some(r, _WORD, 24)}"'
    ),
    "Stripe live key": lambda r: f'stripe.api_key = "{"sk_" + "live_"}{_some(r, _WORD, 24)}"',
    "Google API key": lambda r: f'key: "{"AI" + "za"}{_some(r, _WORD, 35)}"',
    "OpenAI key": lambda r: f'OPENAI="{"sk" + "-proj-"}{_some(r, _WORD, 74)}{"T3" + "BlbkFJ"}{_some(r, _WORD, 74)}"',
    "Anthropic key": lambda r: f'anthropic = "{"sk" + "-ant-api03-"}{_some(r, _WORD, 93)}AA"',
    "SendGrid key": lambda r: f"sendgrid: {'S' + 'G.'}{_some(r, _WORD, 22)}.{_some(r, _WORD, 43)}",
    "Twilio key": lambda r: f'twilio = "{"S" + "K"}{_some(r, _HEX, 32)}"',
    "npm token": lambda r: f"//registry/:_authToken={'np' + 'm_'}{_some(r, _WORD, 36)}",
    "PyPI token": lambda r: f"password = {'pypi' + '-AgEIcHlwaS5vcmc'}{_some(r, _WORD + '-_', 160)}",
    "Hugging Face token": lambda r: f'login("{"h" + "f_"}{_some(r, _LETTERS, 34)}")',
    "DigitalOcean token": lambda r: f"DO={'dop' + '_v1_'}{_some(r, _HEX, 64)}",
    "RSA private key": lambda r: _pem(r, "RSA " + "PRIVATE KEY"),
    "OpenSSH private key": lambda r: _pem(r, "OPENSSH " + "PRIVATE KEY"),
    "JSON web token": lambda r: f"Authorization: Bearer {_jwt(r)}",
    "password in a database URL": lambda r: (
        f"DATABASE_URL=postgres://service:{_some(r, _WORD, 16)}@db.internal:5432/orders"
    ),
    "Shopify token": lambda r: f'shop = "{"shp" + "at_"}{_some(r, _HEX, 32)}"',
    "Databricks token": lambda r: f'databricks: "{"da" + "pi"}{_some(r, _HEX, 32)}"',
    "Telegram bot token": lambda r: f'telegram_bot_token = "{r.randint(10**9, 10**10 - 1)}:{"A"}{_some(r, _WORD, 34)}"',
    "Grafana token": lambda r: f'grafana="{"gl" + "sa_"}{_some(r, _WORD, 32)}_{_some(r, _HEX, 8)}"',
    "API key without a form": lambda r: f'api_key = "{_some(r, _WORD, 32)}"',
    "password without a form": lambda r: (
        f'db_password = "{_some(r, _LOWER, 5)}-{_some(r, _DIGITS, 4)}-{_some(r, _LOWER, 5)}!"'
    ),
}

LOOK_ALIKES: Mapping[str, Maker] = {
    "AWS's own example": lambda r: f"aws_access_key_id = {'AK' + 'IAIOSFODNN7' + 'EXAMPLE'}",
    "a placeholder": lambda r: 'password = "changeme"',
    "a placeholder in brackets": lambda r: 'api_key: "<your-api-key-here>"',
    "a template": lambda r: 'token = "${{ secrets.DEPLOY_TOKEN }}"',
    "a local database": lambda r: "DATABASE_URL=postgres://postgres:postgres@localhost:5432/test",
    "a commit": lambda r: f"uses: actions/checkout@{_some(r, _HEX, 40)} # v6",
    "a digest of a file": lambda r: f"--hash=sha256:{_some(r, _HEX, 64)}",
    "the key of a cache": lambda r: f'cache_key = "{_some(r, _HEX, 40)}"',
    "a UUID": lambda r: f'request_id = "{uuid.UUID(int=r.getrandbits(128))}"',
    "an integrity attribute": lambda r: f'"integrity": "sha512-{base64.b64encode(r.randbytes(64)).decode()}"',
    "a public key": lambda r: _pem(r, "PUBLIC KEY"),
    "a picture": lambda r: f"src: data:image/png;base64,{base64.b64encode(r.randbytes(300)).decode()}",
    "crosses": lambda r: f'token = "{"gh" + "p_"}{"x" * 36}"',
    "a name of a variable": lambda r: 'secret_key = os.environ["SERVICE_SECRET_KEY"]',
}


def made(kinds: Mapping[str, Maker], seed: int) -> dict[str, str]:
    """A text of each kind, by kind; the same for the same seed."""
    return {kind: maker(random.Random(f"{seed} {kind}")) + "\n" for kind, maker in kinds.items()}
