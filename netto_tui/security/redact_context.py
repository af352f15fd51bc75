"""The credentials that are told by what stands around them: key files, addresses, headers, signs inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from netto_tui.security.redact_checks import decoded, is_pair, is_placeholder, is_random, is_varied
from netto_tui.security.redact_rules import EDGE, Rule, Span, where

_WORDS = """
pass password passwd pwd secret user username admin root guest test token key postgres mysql redis db changeme example
none null true false undefined string hunter letmein login mypassword mypass my-secret-pw yourpassword optional required
hidden masked bearer
"""
WEAK = frozenset(_WORDS.split())
"""Passwords that documentation uses, which protect nothing."""

_KEY_BODY = re.compile(r"[A-Za-z0-9+/]{40}")
_KEY_RUN = re.compile(r"(?:[A-Za-z0-9+/=]{16,80}(?:\s|\\[nr]){0,4})+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]{1,30}$")
_DATABASE = re.compile(
    r"(?:postgres|mysql|mariadb|mongodb|redis|valkey|amqp|mssql|sqlserver|cockroach|clickhouse|oracle|jdbc|db2|neo4j|kafka"
    r"|nats|ldap)[a-z0-9+:.]*$",
    re.IGNORECASE,
)
_RECOVERY = re.compile(
    r"(?<![A-Za-z0-9-])(?:[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}[ -]){6}[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{4}(?![A-Za-z0-9-])"
)
_RECOVERY_WORDS = ("recover", "netto", " kit")


def _key_block(match: re.Match[str]) -> Span | None:
    """The place of a private key in PEM, to its end line or, where that is missing, as far as it looks like a key."""
    run = _KEY_BODY.search(match.string, match.start("body"), min(match.end("body"), match.start("body") + 600))
    if run is None or not is_varied(run[0]):
        return None
    if match["last"]:
        return match.span()
    whole = _KEY_RUN.match(match.string, run.start(), run.start() + 20_000)
    return match.start(), whole.end() if whole else run.end()


def _in_address(*, database: bool) -> Callable[[re.Match[str]], Span | None]:
    """Locate the password of an address, for one of the two kinds."""

    def locate(match: re.Match[str]) -> Span | None:
        scheme = match.string[max(0, match.start() - 32) : match.start()]
        if not _SCHEME.search(scheme) or bool(_DATABASE.search(scheme)) is not database:
            return None
        secret = match["secret"]
        weak = secret.lower() in WEAK or secret.lower() == match["user"].lower() or is_placeholder(secret)
        framed = secret[0] in "$<{%*[" or secret.startswith("process.env")
        return None if weak or framed else match.span("secret")

    return locate


def _behind(pattern: str, reach: int) -> Callable[[re.Match[str]], Span | None]:
    """Locate a token whose beginning, at most `reach` characters, stands before the match."""
    before = re.compile(f"{EDGE}(?P<before>{pattern})$", re.ASCII)

    def locate(match: re.Match[str]) -> Span | None:
        found = before.search(match.string[max(0, match.start() - reach) : match.start()])
        if found is None or not is_varied(match["part"]):
            return None
        return match.start() - len(found["before"]), match.end()

    return locate


def _beside(words: tuple[str, ...], reach: int, check: Callable[[str], bool]) -> Callable[[re.Match[str]], Span | None]:
    """Locate the group `secret` of a match where one of some words stands near it."""

    def locate(match: re.Match[str]) -> Span | None:
        if not check(match["secret"]):
            return None
        around = match.string[max(0, match.start() - reach) : match.end() + reach].lower()
        return match.span("secret") if any(word in around for word in words) else None

    return locate


def _is_bearer(value: str) -> bool:
    return is_random(value, 12) and any(map(str.isdigit, value)) and "/" not in value[:2]


def _is_login(text: str) -> bool:
    return text.lower() not in WEAK and not is_placeholder(text) and text[0] not in "$<{%"


def _rules() -> Iterator[Rule]:
    head, body = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}", r"(?P<body>(?>[^-]|-(?!----))*)"
    last = r"(?P<last>-----END [A-Z0-9 ]{0,40}-----)?"
    ssh = re.compile(rf"-----BEGIN OPENSSH PRIVATE KEY-----{body}{last}")
    account = re.compile(
        rf"(?<=private_key)\\?\"\s{{0,4}}:\s{{0,4}}\\?\"(?P<secret>-----BEGIN PRIVATE KEY-----{body}{last})"
    )
    block = re.compile(rf"{head}PRIVATE KEY(?: BLOCK)?-----{body}{last}")
    yield Rule("SSH private key", ("-----BEGIN OPENSSH",), ssh, _key_block, spread=True, gate="-----BEGIN")
    yield Rule(
        "service account key",
        ('": "-----BEGIN', '":"-----BEGIN', '\\": \\"-----BEGIN'),
        account,
        _account_key,
        spread=True,
        gate="-----BEGIN",
    )
    yield Rule("private key", ("-----BEGIN ",), block, _key_block, spread=True, gate="-----BEGIN")
    putty = re.compile(r"Private-Lines: [0-9]{1,3}\s{1,2}(?P<secret>(?:[A-Za-z0-9+/=]{1,80}\s{1,2}){1,60})")
    yield Rule("SSH private key", ("Private-Lines:",), putty, where(is_varied), spread=True)
    address = re.compile(r"://(?P<user>[^\s:/@\"'<>?#]{0,128}):(?P<secret>[^\s/@\"'<>?#]{4,256})@[\w\[.$-]")
    yield Rule("database password", ("://",), address, _in_address(database=True), spread=True, gate="@")
    yield Rule("URL password", ("://",), address, _in_address(database=False), spread=True, gate="@")
    telegram = re.compile(r":(?P<part>AA[\w-]{33})(?![\w-])", re.ASCII)
    yield Rule("Telegram token", (":AA",), telegram, _behind(r"[0-9]{8,10}", 12))
    azure = re.compile(r"Q~(?P<part>[\w~.-]{31,34})(?![\w~-])", re.ASCII)
    yield Rule("Azure secret", ("Q~",), azure, _behind(r"[\w~.-]{3}[0-9]", 6))
    terraform = re.compile(r"\.atlasv1\.(?P<part>[\w=-]{60,70})", re.ASCII)
    yield Rule("Terraform token", (".atlasv1.",), terraform, _behind(r"[A-Za-z0-9]{14}", 16))
    mailchimp = re.compile(r"(?P<part>-us[0-9]{1,2})(?![\w])")
    yield Rule("Mailchimp key", ("-us",), mailchimp, _behind(r"[0-9a-f]{32}", 34))
    mailgun = re.compile(r"(?<![0-9A-Za-z])(?P<secret>[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})(?![0-9A-Za-z-])")
    yield Rule("Mailgun key", ("mailgun",), re.compile(r"(?=(.{0,120}))", re.DOTALL), _near(mailgun), folded=True)
    twilio = re.compile(r"AC[0-9a-f]{32}\\?[\"']?\s{0,4}[,:]\s{0,4}\\?[\"']?(?P<secret>[0-9a-f]{32})(?![0-9A-Za-z])")
    yield Rule("Twilio token", ("AC",), twilio, where(is_varied))
    sas = re.compile(r"sig=(?P<secret>[A-Za-z0-9%+/]{40,100}(?:%3D|=)?)")
    yield Rule("Azure signature", ("sig=",), sas, _beside(("sv=", "se=", "sr="), 300, is_varied))
    jwk = re.compile(r'"(?:k|d|p|q|dp|dq|qi)"\s{0,4}:\s{0,4}"(?P<secret>[\w-]{22,1400})"', re.ASCII)
    members = ('"k"', '"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"')
    yield Rule("JSON Web Key", members, jwk, _beside(('"kty"',), 3000, is_varied), spread=True, gate='"kty"')
    docker = re.compile(r'"auth"\s{0,4}:\s{0,4}"(?P<secret>[A-Za-z0-9+/]{8,800}={0,2})"')
    yield Rule("Docker login", ('"auth"',), docker, where(is_pair), spread=True)
    npmrc = re.compile(r"_auth\s{0,2}=\s{0,2}\"?(?P<secret>[A-Za-z0-9+/]{8,800}={0,2})")
    yield Rule("npm login", ("_auth",), npmrc, where(is_pair), spread=True)
    basic = re.compile(r"basic\s{1,4}(?P<secret>[A-Za-z0-9+/_-]{8,800}={0,2})", re.IGNORECASE)
    yield Rule("basic authorization", ("basic ",), basic, where(is_pair), folded=True)
    bearer = re.compile(r"bearer\s{1,4}(?P<secret>[\w.~+/-]{12,4000}={0,2})", re.IGNORECASE | re.ASCII)
    yield Rule("bearer token", ("bearer ",), bearer, where(_is_bearer), folded=True)
    header = re.compile(
        r"authorization\\?[\"']?\s{0,4}[:=,]\s{0,4}\\?[\"']?"
        r"(?:[A-Za-z-]{3,16}[ \t]{1,4})?(?P<secret>[\w.~+/=:-]{16,4000})",
        re.IGNORECASE | re.ASCII,
    )
    yield Rule("authorization header", ("authorization",), header, where(_is_bearer), folded=True)
    login = re.compile(r"(?:-u|--user)[ =]{1,2}[\"']?[\w.@+-]{1,80}:(?P<secret>[^\s\"':]{4,128})(?![^\s\"'])", re.ASCII)
    yield Rule("login", ("-u ", "--user "), login, _beside(("curl",), 200, _is_login), spread=True, gate="curl")
    netrc = re.compile(r"password[ \t\n]{1,8}(?P<secret>\S{4,128})")
    yield Rule("password", ("password",), netrc, _after_login, spread=True, gate="machine ")


def _account_key(match: re.Match[str]) -> Span | None:
    return match.span("secret") if _key_block(match) else None


def _after_login(match: re.Match[str]) -> Span | None:
    before = match.string[max(0, match.start() - 200) : match.start()]
    return match.span("secret") if "machine " in before and "login " in before and _is_login(match["secret"]) else None


def _near(pattern: re.Pattern[str]) -> Callable[[re.Match[str]], Span | None]:
    """Locate what a pattern finds close behind a word."""

    def locate(match: re.Match[str]) -> Span | None:
        found = pattern.search(match.string, match.start(), match.start() + 120)
        return found.span("secret") if found and is_varied(found["secret"]) else None

    return locate


SURROUNDED = tuple(_rules())
"""Rules in the order in which one wins over another for the same text."""

_BOT = re.compile(
    r"[MNO][DTjz][AEIMQUYcgk][wxyz0-5](?:(?<![\w-].{4})|(?<=\\[nrt].{4}))[\w-]{20,24}\.[\w-]{6}\.[\w-]{27,38}(?![\w-])",
    re.ASCII,
)
"""A Discord bot's token; its first letters are base64 of the digits of an id."""


def bot_tokens(text: str) -> Iterator[Span]:
    """The Discord bot tokens of a text, which begin with no letters that are always the same."""
    for match in _BOT.finditer(text):
        digits = decoded(match[0].partition(".")[0])
        if 17 <= len(digits) <= 20 and digits.isdigit():
            yield match.span()


def recovery_codes(text: str, folded: str) -> Iterator[Span]:
    """The recovery codes of vaults in a text: seven groups of four, with a word near them that says so.

    folded: the text in small letters, character by character.
    """
    if not any(word in folded for word in _RECOVERY_WORDS[:2]):
        return
    for match in _RECOVERY.finditer(text):
        around = folded[max(0, match.start() - 300) : match.end() + 300]
        if any(map(str.isdigit, match[0])) and is_varied(match[0]) and any(word in around for word in _RECOVERY_WORDS):
            yield match.span()
