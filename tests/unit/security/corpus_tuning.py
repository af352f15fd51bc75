"""The half of the corpus on which the rules were tuned: text with a planted fake in it, and text without any."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from random import Random

from tests.unit.security.planted import ALNUM, B64, HEX, SETTINGS, TOKENS, Planted, login, recovery_code, some, token

_AROUND = (
    "Here is my key, please use it: {}",
    "I get a 401 with {} and I do not know why.",
    'export SERVICE_TOKEN="{}"',
    "SERVICE_KEY={}\nDEBUG=1\n",
    "```python\nclient = Client('{}')\n```",
    '{{"name": "prod", "value": "{}", "enabled": true}}',
    "services:\n  bot:\n    environment:\n      - TOKEN={}\n",
    "+    key: {}\n-    key: old\n",
    "2026-03-01T10:00:00Z INFO starting with {} (pid 12)",
    "$ echo {} | tool login --stdin\nLogin Succeeded",
    '{{"output": "$ printenv MAIN\\n{}\\n$"}}',
    "> {}\n\nNo, that one is revoked. Make a new one.",
)

_NAMED = {
    "password": (
        'password = "{}"', "DB_PASSWORD={}", "password: {}", '"password": "{}",', "PGPASSWORD='{}' psql",
        "The password is {} and the user is bob.", 'conn = connect(host="db", user="app", password="{}")',
        "MYSQL_ROOT_PASSWORD: {}", "smtp_pass={}", "--password {} --host db", "my pwd: {}",
        "Server=db;User Id=app;Password={};Database=shop",
        "ALTER USER app WITH PASSWORD '{}';",
    ),
    "API key": ('api_key = "{}"', "API_KEY={}", '"apiKey": "{}"', "X-API-Key: {}", "OPENWEATHER_KEY={}",
                "?api_key={}&q=x",
                "apikey: {}", "--api-key {}"),
    "hex key": ("SECRET_KEY = '{}'", "client_secret={}", '"auth_token": "{}"', "TWILIO_AUTH_TOKEN={}",
                "APP_SECRET: {}"),
    "token": ('token = "{}"', "access_token={}", '"refresh_token": "{}"', "ACCESS_TOKEN={}", "_authToken={}",
              "curl -H 'Authorization: Bearer {}' https://api.example.org", '"Authorization": "token {}"'),
    "AWS secret": ("aws configure set aws_secret_access_key {}",
                   "aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", '"SecretAccessKey": "{}"'),
    "base64 secret": ("SESSION_SECRET={}", 'encryption_key: "{}"', "JWT_SECRET='{}'"),
}  # fmt: skip


def planted(random: Random, rounds: int) -> Iterator[tuple[str, Planted]]:
    """Texts with one fake in each."""
    for _ in range(rounds):
        for kind in TOKENS:
            fake = token(random, kind)
            yield random.choice(_AROUND).format(fake.text), fake
        for kind, templates in _NAMED.items():
            for template in templates:
                value = SETTINGS[kind](random)
                yield template.format(value), Planted(f"{kind} in a setting", value, value)
        name, password, pair = login(random)
        for text, secret in (
            (f"postgres://{name}:{password}@db.example.org:5432/shop", password),
            (f"redis://:{password}@cache:6379/0", password),
            (f"git clone https://{name}:{password}@git.example.org/x.git", password),
            (f"Authorization: Basic {pair}", pair),
            (f"curl -u {name}:{password} https://example.org", password),
            (f'{{"auths": {{"hub.example.org": {{"auth": "{pair}"}}}}}}', pair),
        ):
            yield text, Planted("login", text, secret)
        code = recovery_code(random)
        yield f"My recovery code for netto-tui is {code}, keep it.", Planted("recovery code", code, code)


_HARMLESS = (
    "The token is passed to the function and the password is never stored. Set a secret in the settings page.",
    'api_key = os.environ["OPENAI_API_KEY"]\nclient = OpenAI(api_key=api_key)',
    "password = getpass.getpass('Password: ')\nlogin(user, password)",
    "export GITHUB_TOKEN=<YOUR_TOKEN>\nexport AWS_SECRET_ACCESS_KEY=$SECRET",
    "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "postgres://user:password@localhost:5432/db and postgres://postgres:postgres@db/test",
    "Authorization: Bearer <token>\nAuthorization: Bearer ${TOKEN}\nAuthorization: Basic base64(user:pass)",
    "token: ${{ secrets.GITHUB_TOKEN }}\npassword: ${{ secrets.DB_PASSWORD }}",
    'tokens = tokenizer.encode("hello")\nmax_tokens=4096\ntoken_type_ids=[0, 1]',
    '<input type="password" name="password" autocomplete="current-password" id="loginPassword1">',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    '{"password": "Passwort vergessen?", "token": "Token", "secret": "Geheimnis"}',
    "key = lambda row: row.created_at\nsorted(rows, key=key)\nprimary_key=True",
    "def reset_password(user: User, password: str, token: str) -> None:",
    "password_hash = '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW'",
    "next_page_token: CAUQAA\npageToken=abc\ncsrf_token: whatever",
    "secret_name: my-app/prod/db-password-v2\nsecretKeyRef:\n  name: db-secret\n  key: password",
    "pk_live_51H8xJ2eZvKYlo2CkFq is a publishable key, as is AC0123456789abcdef0123456789abcdef an account id.",
)


def harmless(random: Random, rounds: int) -> Iterator[str]:
    """Texts in which there is nothing to hide, made to look as if."""
    yield from _HARMLESS
    for _ in range(rounds):
        sha = hashlib.sha1(random.randbytes(8)).hexdigest()  # noqa: S324  # as Git names things
        digest = hashlib.sha256(random.randbytes(8)).hexdigest()
        identifier = uuid.UUID(int=random.getrandbits(128), version=4)
        yield f"commit {sha}\nAuthor: Ana <ana@example.org>\n\n    Fix the token test\n"
        yield f"index {sha[:7]}..{sha[7:14]} 100644\nid: {identifier}\nrequest_id={identifier}"
        yield f'"integrity": "sha512-{some(random, B64, 86)}==", "resolved": "https://example.org/a/-/a-1.0.0.tgz"'
        yield f'file = "x-1.0-py3-none-any.whl", hash = "sha256:{digest}"'
        yield f"![logo](data:image/png;base64,iVBORw0KGgo{some(random, B64, random.randint(200, 2000))}=)"
        yield f"https://cdn.example.org/app.{some(random, HEX, 20)}.js?v={some(random, HEX, 32)}&id={identifier}"
        yield f'etag: W/"{some(random, HEX, 32)}"\nx-request-id: {identifier}\ncontent-md5: {some(random, B64, 22)}=='
        name = some(random, ALNUM, 1)
        yield f"!function(e,t){{var {name}=e.token||t.key;return {name}.password?{name}.secret:null}}(window,document);"
        yield f".a{some(random, HEX, 8)}{{color:#{sha[:6]};background:url(/img/{some(random, HEX, 40)}.svg)}}"
        yield f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some(random, B64, 43)} ana@laptop"
        yield f"docker pull registry.example.org/app@sha256:{digest}\nDigest: sha256:{digest}"
        yield f"Version {random.randint(1, 9)}.0: password reset, token refresh and key rotation work."
