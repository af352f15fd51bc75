"""Twenty-nine kinds of secret, made up anew in every run, so that no scanner of a repository stumbles over them."""

from __future__ import annotations

import base64
import json
import string
import zlib
from random import Random

LETTERS = string.ascii_letters + string.digits


def made_up(seed: int = 0) -> dict[str, str]:
    """The part of each kind that nobody may see, as it stands in a text that `in_a_sentence` makes of it."""
    random = Random(seed)

    def some(count: int, letters: str = LETTERS) -> str:
        return "".join(random.choice(letters) for _ in range(count))

    def pem(kind: str, lines: int = 6) -> str:
        body = base64.b64encode(random.randbytes(48 * lines)).decode()
        wrapped = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN {kind}-----\n{wrapped}\n-----END {kind}-----"

    def part(content: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    def checked(letters: str) -> str:
        """With the check that GitHub puts at the end: CRC-32 in base 62."""
        number, tail = zlib.crc32(letters.encode()), ""
        for _ in range(6):
            number, digit = divmod(number, 62)
            tail = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + tail
        return letters + tail

    digits = string.digits
    return {
        "GitHub token": f"ghp_{checked(some(30))}",
        "GitHub OAuth token": f"gho_{checked(some(30))}",
        "GitHub fine-grained token": f"github_pat_{some(22)}_{some(59)}",
        "GitLab token": f"glpat-{some(20)}",
        "AWS key id": f"AKIA{some(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}",
        "AWS secret key": some(40, LETTERS + "+/"),
        "Google API key": f"AIza{some(35)}",
        "Google access token": f"ya29.{some(120)}",
        "service account key": pem("PRIVATE KEY", 24),
        "RSA key": pem("RSA PRIVATE KEY", 24),
        "SSH key": pem("OPENSSH PRIVATE KEY"),
        "age key": f"AGE-SECRET-KEY-1{some(58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}",
        "OpenAI key": f"sk-proj-{some(74)}T3BlbkFJ{some(74)}",
        "Anthropic key": f"sk-ant-api03-{some(93)}AA",
        "Slack token": f"xoxb-{some(12, digits)}-{some(13, digits)}-{some(24)}",
        "Slack webhook": f"T{some(9, string.ascii_uppercase + digits)}/B{some(10, string.ascii_uppercase)}/{some(24)}",
        "Stripe key": f"sk_live_{some(99)}",
        "SendGrid key": f"SG.{some(22)}.{some(43)}",
        "npm token": f"npm_{some(36)}",
        "PyPI token": f"pypi-AgEIcHlwaS5vcmc{some(120)}",
        "JSON web token": f"{part({'alg': 'HS256'})}.{part({'sub': some(20), 'exp': 1})}.{some(43)}",
        "bearer token": some(48),
        "basic credentials": base64.b64encode(f"alice:{some(18)}".encode()).decode(),
        "password in an address": some(20),
        "Hugging Face token": f"hf_{some(34)}",
        "DigitalOcean token": f"dop_v1_{some(64, '0123456789abcdef')}",
        "Telegram token": f"{some(10, '123456789')}:AA{some(33)}",
        "password in settings": f"{some(9)}!{some(9)}",
        "Databricks token": f"dapi{some(32, '0123456789abcdef')}",
    }


_AROUND = {
    "AWS secret key": "aws_secret_access_key = {}",
    "Slack webhook": "https://hooks.slack.com/services/{}",
    "bearer token": "Authorization: Bearer {}",
    "basic credentials": "Authorization: Basic {}",
    "password in an address": "postgresql://alice:{}@db.example.org/main",
    "password in settings": 'PASSWORD="{}"',
}


def in_a_sentence(kind: str, secret: str) -> str:
    """A secret as programs write it, in a message of theirs."""
    return f"could not go on with {_AROUND.get(kind, '{}').format(secret)} of alice"


def pieces(secret: str) -> list[str]:
    """What of a secret is nowhere to be found: all of it, or each line of a key file."""
    lines = [line for line in secret.splitlines() if "-----" not in line]
    return lines if len(lines) > 1 else [secret]
