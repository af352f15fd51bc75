"""The half of the corpus on which no rule was tuned: other surroundings, other look-alikes, and code of others."""

from __future__ import annotations

import email
import http
import json
import logging
import urllib
import xml
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.unit.security.planted import (
    ALNUM,
    B64,
    DIGITS,
    HEX,
    SETTINGS,
    TOKENS,
    UPPER,
    Planted,
    login,
    recovery_code,
    some,
    token,
)

_AROUND = (
    "Bom dia! O bot parou. O segredo é {} — podes ver?",
    'variable "main" {{\n  default = "{}"\n}}',
    "apiVersion: v1\nkind: Secret\nstringData:\n  value: {}\n",
    "[default]\nregion = eu-west-1\nid = {}\n",
    'func main() {{\n\tc := New("{}")\n\tc.Run()\n}}',
    '$env:MAIN = "{}"; ./run.ps1',
    "define('MAIN', '{}');",
    "| name | value |\n| --- | --- |\n| main | {} |\n",
    "id,name,value\n1,main,{}\n2,other,none\n",
    "<entry><name>main</name><value>{}</value></entry>",
    "##[debug]evaluating main: '{}'\n##[group]Run tests",
    "(venv) ana@box:~$ printenv MAIN\n{}\n(venv) ana@box:~$ ",
    'Traceback (most recent call last):\n  File "x.py", line 3\nValueError: cannot use {}',
    "Sure! I put {} into the file, and it works now. ✅",
)

_NAMED = {
    "password": (
        "spring.datasource.password={}", "ansible_ssh_pass: {}", "Passwort: {}", "my $pwd = '{}';",
        '"adminPassword" : "{}"',
        "<password>{}</password>", "docker run -e POSTGRES_PASSWORD={} postgres", "initial password = {} (change it)",
        "define('DB_PASSWORD', '{}');", "passphrase = '{}'", "wifi password: {}", 'Password="{}"', "REDIS_PASS={}",
    ),
    "API key": ("const apiKey = '{}';", "GEMINI_API_KEY={}", "api-key: {}", 'apiKey := "{}"', "{{\"api_key\":\"{}\"}}",
                "setApiKey(\"api_key\", \"{}\")", "export DATADOG_KEY={}"),
    "hex key": ("rails_secret: {}", "clientSecret: '{}'", "WEBHOOK_SECRET={}", 'signing_key="{}"', "app.secret={}"),
    "token": ("botToken: '{}'", "TOKEN = '{}'", "x-auth-token: {}", "authorization: Bearer {}", "&access_token={}&v=2",
              "\\\"token\\\": \\\"{}\\\"", "CI_TOKEN: {}"),
    "AWS secret": ("secret_access_key: {}", "awsSecretAccessKey=\"{}\"", "\"AwsSecretKey\": \"{}\","),
    "base64 secret": ("COOKIE_SECRET={}", "masterKey: {}", "storage_key='{}'"),
}  # fmt: skip


def planted(random: Random, rounds: int) -> Iterator[tuple[str, Planted]]:
    """Texts with one fake in each."""
    for _ in range(rounds):
        for kind in TOKENS:
            fake = token(random, kind)
            text = random.choice(_AROUND).format(fake.text)
            plain = json.dumps(fake.text) == f'"{fake.text}"'
            yield (json.dumps({"output": text}) if plain and random.random() < 0.2 else text), fake
        for kind, templates in _NAMED.items():
            for template in templates:
                value = SETTINGS[kind](random)
                yield template.format(value), Planted(f"{kind} in a setting", value, value)
        name, password, pair = login(random)
        for text, secret in (
            (f"DATABASE_URL=mysql://{name}:{password}@10.0.0.4/shop?ssl=true", password),
            (f"mongodb+srv://{name}:{password}@cluster0.example.net/test", password),
            (f"amqps://{name}:{password}@mq.example.org/vhost", password),
            (f"ftp://{name}:{password}@files.example.org/in", password),
            (f"proxy: http://{name}:{password}@proxy:3128", password),
            (f"-H 'authorization: basic {pair}'", pair),
            (f"machine git.example.org login {name} password {password}", password),
        ):
            yield text, Planted("login", text, secret)
        code = recovery_code(random)
        yield (
            f"netto-tui recovery kit\n\n    {code.replace('-', ' ')}\n",
            Planted("recovery code", code, code.replace("-", " ")),
        )


_HARMLESS = (
    "Rotate the API key every 90 days, and never put a password into a repository.",
    'const token = await getToken();\nheaders.set("Authorization", `Bearer ${token}`);',
    "secret = client.get_secret_value(SecretId=name)['SecretString']",
    'cfg.Password = os.Getenv("DB_PASSWORD")\nif cfg.Password == "" { return errNoPassword }',
    "ANTHROPIC_API_KEY=sk-ant-your-key-here\nGITHUB_TOKEN=ghp_your_token_here",
    "Replace <password> with the password for the user: mongodb+srv://ana:<password>@cluster0.example.net",
    'curl -H "Authorization: Bearer $TOKEN" https://api.example.org/v1/me',
    "auth:\n  username: admin\n  password: !vault |\n  token: !env TOKEN",
    'password: "********"\napi_key: "[REDACTED]"\nsecret: (hidden)',
    "assert isinstance(token, str)\nassert token.startswith('tok_')\nself.token = token or self.default_token",
    "interface Login { password: string; apiKey?: string; accessToken: string | null }",
    'error: password authentication failed for user "app"\nhint: token expired at 2026-03-01T10:00:00Z',
    "The key is on the table next to the password book, said the secret agent with the token smile.",
    "foreign_key=users.id, unique_key=email_address, cache_key=user:123:profile:v2",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQ\n-----END CERTIFICATE-----",
    "The file must begin with -----BEGIN OPENSSH PRIVATE KEY----- and end with the matching line.",
    "eyJ is how every JSON object begins in base64, so a JWT does too.",
    "AKIA is the prefix of access keys, ghp_ of GitHub's, xoxb- of Slack's bots.",
    "min_password_length=12, password_policy=strong, token_ttl=3600s, secret_rotation=30d",
    "https://user@example.org/path?page_token=abc&sort=key:asc#password-reset",
)

_OTHERS = (email, http, json, logging, urllib, xml)
"""Packages of the standard library, whose code stands for what people paste into a conversation."""


def harmless(random: Random, rounds: int) -> Iterator[str]:
    """Texts in which there is nothing to hide: look-alikes, and pieces of real code of about a screen."""
    yield from _HARMLESS
    for package in _OTHERS:
        for path in sorted(Path(package.__path__[0]).glob("*.py")):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            yield from ("".join(lines[at : at + 40]) for at in range(0, len(lines), 40))
    for _ in range(rounds):
        digits, commit = some(random, HEX, 64), some(random, HEX, 40)
        number, names = some(random, DIGITS, 20), (some(random, ALNUM, 2), some(random, "abc", 3))
        yield f"sha256:{digits}  dist/app.tar.gz\n{some(random, HEX, 32)}  md5sums"
        yield f"Merge pull request #12 from ana/{commit[:7]}\n\ntree {digits[:40]}\nparent {commit}"
        yield f"uuid = '{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}'"
        yield f'{{"h1": "h1:{some(random, B64, 43)}=", "go.sum": "v1.2.3 h1:{some(random, B64, 43)}="}}'
        yield f"src: url(data:font/woff2;base64,d09GMgABAAAA{some(random, B64, 900)})"
        yield f"blob:https://example.org/{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
        yield f"Set-Cookie: theme=dark; Path=/\nX-Trace: {commit[:16]}\nserver: cloud {some(random, UPPER, 6)}"
        yield f"const {names[0]}=n(8131),{names[1]}=e=>e.password&&e.token?(0,t.jsx)(k,{{key:e.id}}):null"
        yield f"0x{some(random, HEX, 40)} sent 1.5 ETH in 0x{some(random, HEX, 64)}"
        yield f"ID {some(random, UPPER, 12)}, order no. {number[:10]}, IBAN DE{number}"
