"""Passwords, tokens and keys that stand behind the name of a setting, as in `DB_PASSWORD=…` or `"api_key": "…"`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from netto_tui.security.redact_checks import is_placeholder, is_random
from netto_tui.security.redact_context import WEAK
from netto_tui.security.redact_rules import Rule, Span, where

_SIGN = r"\\?[\"'`\])]{0,2}[ \t]{0,8}(?P<sign>:=|=>|->|===?|=|:(?!:)|,|\||>|(?=[ \t]{1,8}'))[ \t]{0,8}"
_TYPE = r"(?:(?:str|string|String|Secret|SecretStr)(?: \| None)?[ \t]{0,2}=[ \t]{0,2})?"
_BARE = r"(?:(?![;&,](?:\s|$|[\"'\w. -]{1,40}[=:]))[^\s\"'`<>(){}\[\]|\\=:])"
_VALUE = (
    r"(?:[bfru]{0,2}\\\"(?P<a>[^\"\\\n]{4,1024})|[bfru]{0,2}\"(?P<b>[^\"\\\n]{0,1024}(?:\\.[^\"\\\n]{0,128}){0,8})\""
    r"|[bfru]{0,2}\\?'(?P<c>[^'\\\n]{0,1024}(?:\\.[^'\\\n]{0,128}){0,8})'|`(?P<d>[^`\n]{4,1024})`"
    rf"|(?P<bare>{_BARE}{{4,1024}}(?:[=:]{_BARE}{{0,256}}){{0,3}}))"
)
"""A value in escaped, double, single or reversed quotes, or bare; every repetition is bounded, so that no part of a
text belongs to more than a few values."""

_NUMBERED = r"(?:[_-]?(?:prod|production|dev|staging|stage|test|live|main|primary|secondary|old|new|[0-9]{1,2}))?"

_PASSWORD = re.compile(
    rf"(?:pass(?:word|wd|phrase|wort|code|e)?|pwd)s?{_NUMBERED}{_SIGN}{_TYPE}{_VALUE}",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"(?:pass(?:word|phrase|wort|code|e)|pwd)(?: (?:for|of|to)(?: [\w.@-]{1,40}){1,4})?"
    r"(?:[ \t]{1,2}(?:is|ist|es|est|was|to)[ \t]{0,2}:?|[ \t]{0,2}:)[ \t]{1,2}"
    r"(?P<q>[\"'`“]?)(?P<bare>[^\s\"'`“”<>]{6,128})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    r"(?<=-)(?:pass(?:word|wd|phrase)?|token|secret|key)[ =]{1,2}[\"']?"
    r"(?P<bare>[^\s\"'`<>(){}\[\]|\\]{6,1024})",
    re.IGNORECASE,
)
_NO_CODE = frozenset(" ()[]{}<>,;|")
_WORD_AND_NUMBER = re.compile(r"[a-z]{4,}[0-9]{3,6}")
_AWS_COMMAND = re.compile(
    r"(?<=aws_secret_access_)key[ \t]{1,4}[\"']?(?P<secret>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])", re.IGNORECASE
)
_OPTION = re.compile(r"(?<![\w-])--(?:[a-z0-9]{1,16}-){0,3}$")
_TOKEN = re.compile(rf"(?:token|secret|key)s?{_NUMBERED}{_SIGN}{_TYPE}{_VALUE}", re.IGNORECASE)

_SAFE_WORDS = """
next page continuation paging pagination csrf xsrf cancel cancellation sync start end eos bos pad sep unk mask cls
idempotency cursor resume etag public pub design delivery message build
"""
_HARMLESS_NAMES = tuple(_SAFE_WORDS.split())
"""Words before `token` or `key` that make it no secret."""

_KEY_WORDS = """
api secret access auth private sign signing encryption encrypt crypto master app application service account shared
admin license subscription storage client webhook deploy session jwt hmac aes
"""
_KEY_NAMES = tuple(_KEY_WORDS.split())
"""Words before `key` that make it one."""

_UPPER_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,40}_")
_HARMLESS_UPPER_NAME = re.compile(r"PUBLIC|PRIMARY|FOREIGN|CACHE|SORT|PARTITION|SSH")
_LAST_NAME = re.compile(r"[^A-Za-z0-9_]+")
_REFERENCE = re.compile(
    r"[$%@]\{?\w+[}%]?$|(?:~|\.{1,2})?/[\w./@-]*$|[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+;?$|--|!|\w+://|arn:|vault:|ref\+"
    r"|sha\d+[:-]|\$2[aby]\$|\{sha|\$argon|\$[156]\$|pbkdf2",
    re.IGNORECASE,
)
"""A value that only says where the secret is, or is a hash of it."""

_TERMS = re.compile(
    r"(?:hmac|pkcs|rs|hs|es|ps)?[-_]?(?:sha|md|utf|base|pbkdf|argon|aes|rsa|oauth|http|ipv|ed|iso|win|mp|blake|crc|ascii)"
    r"[-_]?[0-9]{1,5}[a-z]{0,3}(?:[-_][a-z0-9]{1,10}){0,3}|[vpxsh][0-9]{1,4}[a-z]{0,8}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|v?[0-9]+(?:\.[0-9]+)+.*|\w+@\w+\.\w+",
    re.IGNORECASE,
)
"""Values of settings that have digits and are no passwords: names of algorithms, ids, dates, versions, addresses."""


def _value(match: re.Match[str]) -> tuple[str, Span, bool]:
    """The value of a setting, its place, and whether it stood without quotes."""
    name = match.lastgroup or "bare"  # in every pattern the value is the last group
    value, (start, end) = match[name], match.span(name)
    bare = name == "bare"
    if bare:
        kept = value.rstrip(".,;:!?")
        value, end = kept, start + len(kept)
    return value, (start, end), bare


def _is_reference(value: str, match: re.Match[str], end: int, bare: bool) -> bool:
    """Whether a value is code, a path, a name of another setting, a word of documentation or a hash."""
    if bare and match.string[end : end + 1] in ("(", "[", "{"):
        return True
    if value.startswith("/") and len(value) >= 32 and "." not in value and is_random(value):
        return False  # base64, and no path
    return bool(_REFERENCE.match(value)) or value.lower() in WEAK or is_placeholder(value) or "://" in value


def _is_password(value: str) -> bool:
    """Whether a person may have chosen a value as a password: of several kinds of signs, in one word."""
    lower, upper, digit = (any(map(kind, value)) for kind in (str.islower, str.isupper, str.isdigit))
    sign = any(not letter.isalnum() and letter not in "-_. ,:/" for letter in value)
    if len(value) < 6 or " " in value or _TERMS.fullmatch(value) or not (lower or upper):
        return False
    if sum((lower, upper, digit, sign)) < 2 or not (digit or sign):
        return False
    plain = not (upper and lower) and not sign
    return not plain or not any(part in value for part in "-_.:/") or is_random(value)


def _password(match: re.Match[str]) -> Span | None:
    value, span, bare = _value(match)
    if match["sign"] == "," and bare:
        return None
    return span if _is_password(value) and not _is_reference(value, match, span[1], bare) else None


def _spoken(match: re.Match[str]) -> Span | None:
    """A password in a sentence, where it has to look more like one, or to stand in quotes."""
    value, span, bare = _value(match)
    if not _is_password(value) or _is_reference(value, match, span[1], bare):
        return None
    digit, mixed = any(map(str.isdigit, value)), not value.replace("-", "").isalnum() or value != value.lower()
    strong = (digit and mixed) or _WORD_AND_NUMBER.fullmatch(value)
    return span if match["q"] or strong else None


def _flag(match: re.Match[str]) -> Span | None:
    """A value behind an option of a command, such as `--password x`."""
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not _OPTION.search(before):
        return None
    value, span, bare = _value(match)
    good = _is_password(value) if match[0][:4].lower() == "pass" else is_random(value, 12)
    return span if good and not _is_reference(value, match, span[1], bare) else None


def _named(kind: Callable[[str, str], bool]) -> Callable[[re.Match[str]], Span | None]:
    """Locate a random value whose name passes a check, which gets what stands before the match and its beginning."""

    def locate(match: re.Match[str]) -> Span | None:
        before = match.string[max(0, match.start() - 48) : match.start()]
        if not kind(before, match[0][:10].lower()):
            return None
        if before[-20:].lower().rstrip("_. -").endswith(_HARMLESS_NAMES):
            return None
        value, span, bare = _value(match)
        mixed = any(map(str.isdigit, value)) or (len(value) >= 20 and not value.islower() and not value.isupper())
        if not mixed or not _NO_CODE.isdisjoint(value) or (match["sign"] == "," and bare) or _TERMS.fullmatch(value):
            return None
        return span if is_random(value) and not _is_reference(value, match, span[1], bare) else None

    return locate


def _names_aws(before: str, word: str) -> bool:
    lead = before.lower().replace("_", "").replace(" ", "").replace("-", "")
    return (word.startswith("key") and lead.endswith("secretaccess")) or lead.endswith("awssecret")


def _names_twilio(before: str, word: str) -> bool:
    return "twilio" in before.lower() and word.startswith(("token", "secret"))


def _names_key(before: str, word: str) -> bool:
    if not word.startswith("key"):
        return False
    if before.lower().rstrip("_. -").endswith(_KEY_NAMES):
        return True
    name = _LAST_NAME.split(before)[-1]
    return _UPPER_NAME.fullmatch(name) is not None and not _HARMLESS_UPPER_NAME.match(name)


def _names_token(_: str, word: str) -> bool:
    return word.startswith(("token", "secret"))


def _rules() -> Iterator[Rule]:
    words = ("pass", "pwd")
    yield Rule("AWS secret key", ("key", "secret"), _TOKEN, _named(_names_aws), folded=True)
    yield Rule("Twilio token", ("token", "secret"), _TOKEN, _named(_names_twilio), folded=True)
    yield Rule("AWS secret key", ("key",), _AWS_COMMAND, where(is_random), folded=True)
    yield Rule("API key", ("key",), _TOKEN, _named(_names_key), folded=True)
    yield Rule("token", ("token",), _TOKEN, _named(_names_token), folded=True)
    yield Rule("secret", ("secret",), _TOKEN, _named(_names_token), folded=True)
    yield Rule("password", words, _PASSWORD, _password, folded=True)
    yield Rule("password", words, _SPOKEN, _spoken, folded=True)
    yield Rule("secret", ("pass", "token", "secret", "key"), _FLAG, _flag, folded=True)


NAMED = tuple(_rules())
"""Rules in the order in which one wins over another for the same text."""
