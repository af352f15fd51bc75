"""Fakes of credentials in the formats of their makers, out of seeded chance; none of them was ever valid.

A fake is a text with one secret in it: `Planted.secret` is the part that nobody may see, without the letters that
all secrets of the kind begin with.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from netto_tui.security.redact_checks import crc32_letters

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URL = ALNUM + "-_"
B64 = ALNUM + "+/"
UPPER = string.ascii_uppercase + string.digits
DIGITS = string.digits
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Planted:
    """A fake: kind for reports, text as it is written, secret as what must not be seen of it."""

    kind: str
    text: str
    secret: str


def chance(seed: int) -> Random:
    """Chance that comes out the same every time."""
    return Random(seed)


def some(random: Random, letters: str, count: int) -> str:
    """A text of so many letters."""
    return "".join(random.choice(letters) for _ in range(count))


def _prefixed(prefix: str, letters: str, count: int) -> Callable[[Random], tuple[str, str]]:
    def make(random: Random) -> tuple[str, str]:
        secret = some(random, letters, count)
        return prefix + secret, secret

    return make


def _checked(prefix: str) -> Callable[[Random], tuple[str, str]]:
    def make(random: Random) -> tuple[str, str]:
        body = some(random, ALNUM, 30)
        secret = body + crc32_letters(body)
        return prefix + secret, secret

    return make


def _whole(make: Callable[[Random], str]) -> Callable[[Random], tuple[str, str]]:
    def both(random: Random) -> tuple[str, str]:
        text = make(random)
        return text, text

    return both


def _parts(prefix: str, make: Callable[[Random], str]) -> Callable[[Random], tuple[str, str]]:
    def both(random: Random) -> tuple[str, str]:
        secret = make(random)
        return prefix + secret, secret

    return both


def _base64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _jwt(random: Random) -> str:
    header = {"alg": random.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    claims = {"sub": some(random, DIGITS, 10), "iat": 1_700_000_000, "name": some(random, ALNUM, 12)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join((*parts, some(random, URL, 43)))


def _pem(what: str, newline: str = "\n") -> Callable[[Random], tuple[str, str]]:
    def make(random: Random) -> tuple[str, str]:
        lines = [some(random, B64, 64) for _ in range(random.randint(3, 25))]
        body = newline.join((*lines, some(random, B64, random.randint(8, 62)) + "=="))
        return f"-----BEGIN {what}-----{newline}{body}{newline}-----END {what}-----", body

    return make


def _password(random: Random) -> str:
    """As people and password makers choose them."""
    word = random.choice(["Sommer", "dragon", "Lisboa", "tiger", "Coffee", "banana", "Matrix", "sunset"])
    makers: list[Callable[[], str]] = [
        lambda: f"{word.capitalize()}{some(random, DIGITS, 2)}{random.choice('!#?%')}",
        lambda: f"{word.lower()}{some(random, DIGITS, random.randint(3, 5))}",
        lambda: some(random, ALNUM + "!#%?@*", 14),
        lambda: some(random, ALNUM, random.randint(12, 24)),
        lambda: some(random, URL, 32),
    ]
    return random.choice(makers)()


def _secret_password(random: Random) -> str:
    while True:
        found = _password(random)
        if (
            any(map(str.isdigit, found))
            and any(map(str.isalpha, found))
            and found[0].isalnum()
            and found[-1] not in ".!?"
        ):
            return found


def _azure_secret(random: Random) -> str:
    return f"{some(random, ALNUM, 3)}{random.choice(DIGITS)}Q~{some(random, ALNUM + '_-.', 33)}A"


def _discord(random: Random) -> str:
    number = base64.urlsafe_b64encode(some(random, "123456789", 18).encode()).decode().rstrip("=")
    return f"{number}.{some(random, URL, 6)}.{some(random, ALNUM, 38)}"


def _groups(random: Random) -> str:
    return "-".join(some(random, CROCKFORD, 4) for _ in range(7))


def _k8s(random: Random) -> str:
    body = "\n".join(some(random, B64, 64) for _ in range(6))
    return _base64(f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n")


def _webhook(random: Random) -> str:
    return f"T{some(random, UPPER, 10)}/B{some(random, UPPER, 10)}/{some(random, ALNUM, 24)}"


TOKENS: dict[str, Callable[[Random], tuple[str, str]]] = {
    "GitHub classic": _checked("ghp_"),
    "GitHub OAuth": _checked("gho_"),
    "GitHub user": _checked("ghu_"),
    "GitHub server": _prefixed("ghs_", ALNUM, 36),
    "GitHub refresh": _prefixed("ghr_", ALNUM, 76),
    "GitHub fine-grained": _parts("github_pat_", lambda r: f"{some(r, ALNUM, 22)}_{some(r, ALNUM, 59)}"),
    "GitLab": _prefixed("glpat-", URL, 20),
    "AWS access key": _prefixed("AKIA", string.ascii_uppercase + "234567", 16),
    "AWS session key": _prefixed("ASIA", string.ascii_uppercase + "234567", 16),
    "Google API key": _prefixed("AIza", URL, 35),
    "Google OAuth secret": _prefixed("GOCSPX-", URL, 28),
    "Google refresh token": _parts("1//0", lambda r: some(r, URL, 100)),
    "Google access token": _prefixed("ya29.", URL, 140),
    "OpenAI project": _prefixed("sk-proj-", URL, 120),
    "OpenAI": _parts("sk-", lambda r: f"{some(r, ALNUM, 20)}T3BlbkFJ{some(r, ALNUM, 20)}"),
    "Anthropic": _parts("sk-ant-api03-", lambda r: f"{some(r, URL, 93)}AA"),
    "Slack bot": _parts("xoxb-", lambda r: f"{some(r, DIGITS, 12)}-{some(r, DIGITS, 12)}-{some(r, ALNUM, 24)}"),
    "Slack app": _parts("xapp-1-", lambda r: f"A{some(r, UPPER, 10)}-{some(r, DIGITS, 13)}-{some(r, HEX, 64)}"),
    "Slack webhook": _parts("https://hooks.slack.com/services/", _webhook),
    "Stripe live": _prefixed("sk_live_", ALNUM, 24),
    "Stripe restricted": _prefixed("rk_test_", ALNUM, 99),
    "Stripe webhook": _prefixed("whsec_", ALNUM, 32),
    "Twilio": _prefixed("SK", HEX, 32),
    "SendGrid": _parts("SG.", lambda r: f"{some(r, URL, 22)}.{some(r, URL, 43)}"),
    "Mailgun": _prefixed("key-", HEX, 32),
    "Mailchimp": _whole(lambda r: f"{some(r, HEX, 32)}-us{r.randint(1, 21)}"),
    "npm": _checked("npm_"),
    "PyPI": _parts("pypi-AgE", lambda r: some(r, URL, 160)),
    "Docker": _prefixed("dckr_pat_", URL, 27),
    "Hugging Face": _prefixed("hf_", string.ascii_letters, 34),
    "Azure storage": _parts("AccountKey=", lambda r: some(r, B64, 86) + "=="),
    "Azure client secret": _whole(_azure_secret),
    "JSON Web Token": _parts("", _jwt),
    "Telegram": _whole(lambda r: f"{some(r, '123456789', 10)}:AA{some(r, URL, 33)}"),
    "Discord bot": _whole(_discord),
    "Discord webhook": _parts(
        "https://discord.com/api/webhooks/", lambda r: f"{some(r, '123456789', 18)}/{some(r, URL, 68)}"
    ),
    "age": _prefixed("AGE-SECRET-KEY-1", BECH32, 58),
    "DigitalOcean": _prefixed("dop_v1_", HEX, 64),
    "Shopify": _prefixed("shpat_", HEX, 32),
    "Terraform": _whole(lambda r: f"{some(r, ALNUM, 14)}.atlasv1.{some(r, ALNUM, 67)}"),
    "Databricks": _prefixed("dapi", HEX, 32),
    "Vault": _prefixed("hvs.", URL, 95),
    "Groq": _prefixed("gsk_", ALNUM, 52),
    "RSA key": _pem("RSA PRIVATE KEY"),
    "EC key": _pem("EC PRIVATE KEY"),
    "PKCS 8 key": _pem("PRIVATE KEY"),
    "SSH key": _pem("OPENSSH PRIVATE KEY"),
    "PGP key": _pem("PGP PRIVATE KEY BLOCK"),
    "service account": _pem("PRIVATE KEY", "\\n"),
    "key file": _whole(_k8s),
}
"""Credentials that stand anywhere: each makes the text, and the part of it that nobody may see."""

SETTINGS: dict[str, Callable[[Random], str]] = {
    "password": _secret_password,
    "API key": lambda r: some(r, ALNUM, r.choice([20, 32, 40])),
    "hex key": lambda r: some(r, HEX, r.choice([32, 40, 64])),
    "token": lambda r: some(r, URL, r.choice([24, 43])).strip("-_") + "7",
    "AWS secret": lambda r: some(r, B64, 40),
    "base64 secret": lambda r: _base64(r.randbytes(32)),
}
"""Values that only their names tell: each makes the value."""


def token(random: Random, kind: str) -> Planted:
    """A fake that stands for itself."""
    text, secret = TOKENS[kind](random)
    return Planted(kind, text, secret)


def recovery_code(random: Random) -> str:
    """As netto-tui prints one."""
    return _groups(random)


def login(random: Random) -> tuple[str, str, str]:
    """A name, a password that an address can hold, and both in base64."""
    name, password = some(random, string.ascii_lowercase, 7), some(random, ALNUM, 14)
    return name, password, _base64(f"{name}:{password}")
