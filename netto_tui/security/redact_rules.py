"""The credentials that tell what they are by the letters they begin with.

A rule names literal beginnings, which are searched first because that is fast, and a pattern that
must match where one stands. Every pattern is bounded, and reads a run of letters from its beginning only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from netto_tui.security.redact_checks import decoded, has_crc32, is_jwt, is_random, is_varied

Span = tuple[int, int]

EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Where a token may begin: not inside a word, but after an escaped line break."""


SOLID = 20
"""The least length of a token with a known beginning: shorter words of a text are not searched for these."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One form of a kind of credential.

    literals: one of them stands where `pattern` begins to match. folded: they are in small letters, in either
    case in a text. locate: the place of the secret in a match, or None when it is no secret.
    shape: what may be shown of it, which is the same for all secrets of the kind.
    spread: the literal may stand in a run of fewer than SOLID signs between blanks. gate: stands in every text
    in which the rule finds something, "" for none.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    locate: Callable[[re.Match[str]], Span | None]
    shape: str = ""
    folded: bool = False
    spread: bool = False
    gate: str = ""


def where(check: Callable[[str], bool]) -> Callable[[re.Match[str]], Span | None]:
    """Locate the group `secret` (else all) of a match whose group `part` (else the secret) passes a check."""

    def locate(match: re.Match[str]) -> Span | None:
        groups = match.re.groupindex
        secret = "secret" if "secret" in groups else 0
        part = match["part" if "part" in groups else secret]
        return match.span(secret) if check(part) else None

    return locate


def _always(_: str) -> bool:
    return True


def _is_github(token: str) -> bool:
    return has_crc32(token) or is_random(token.rpartition("_")[2])


def _is_key_file(text: str) -> bool:
    """Whether base64 holds a private key, as kubeconfig files keep it."""
    return b"PRIVATE KEY-----" in decoded(text[:120])


def _token(
    kind: str, prefixes: str, body: str, check: Callable[[str], bool] = is_varied, *, shape: str = ""
) -> Iterator[Rule]:
    """Rules for tokens that begin with one of some prefixes; the check sees what follows it."""
    for prefix in prefixes.split():
        pattern = re.compile(f"{EDGE}{re.escape(prefix)}(?P<part>{body})", re.ASCII)

        def locate(match: re.Match[str], check: Callable[[str], bool] = check) -> Span | None:
            return match.span() if check(match["part"]) else None

        yield Rule(kind, (prefix,), pattern, locate, shape or prefix)


def _rules() -> Iterator[Rule]:
    for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"):
        pattern = re.compile(rf"{EDGE}{prefix}[A-Za-z0-9]{{36,255}}")
        yield Rule("GitHub token", (prefix,), pattern, where(_is_github), prefix)
    yield from _token("GitHub token", "github_pat_", r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}")
    yield from _token(
        "GitLab token",
        "glpat- gldt- glrt- glptt- glagent- gloas- glsoat- glffct- glimt- glft-",
        r"[\w-]{20,300}(?:\.[\w-]{2,20}){0,2}",
    )
    yield from _token("GitLab token", "glcbt-", r"(?:[0-9a-zA-Z]{1,5}_)?[\w-]{20,64}")
    yield from _token("GitLab token", "GR1348941", r"[\w-]{20,50}")
    yield from _token("AWS access key", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}(?![A-Za-z0-9])")
    yield from _token("AWS API key", "ABSK", r"[A-Za-z0-9+/]{109,269}={0,2}")
    yield from _token("Google API key", "AIza", r"[\w-]{35}(?![A-Za-z0-9])")
    yield from _token("Google OAuth secret", "GOCSPX-", r"[\w-]{28}")
    yield from _token("Google OAuth token", "ya29.", r"[\w-]{30,2000}")
    yield from _token("Google refresh token", "1//0", r"[\w-]{36,200}")
    yield from _token("OpenAI key", "sk-proj- sk-svcacct- sk-admin- sk-None-", r"[\w-]{32,250}", is_random)
    yield from _token("Anthropic key", "sk-ant-", r"[a-z]{2,8}[0-9]{2}-[\w-]{32,250}")
    yield from _token("OpenRouter key", "sk-or-v1-", r"[0-9a-f]{64}")
    yield from _token("OpenAI key", "sk-", r"[A-Za-z0-9]{32,120}(?![\w-])", is_random)
    yield from _token(
        "Slack token",
        "xoxb- xoxp- xoxa- xoxo- xoxr- xoxs- xoxc- xoxd- xoxe- xoxe.xoxp- xoxe.xoxb-",
        r"[A-Za-z0-9%-]{20,400}",
    )
    yield from _token("Slack token", "xapp-", r"[0-9]-[A-Z0-9]{8,14}-[0-9]{8,16}-[0-9a-f]{32,80}")
    yield from _token(
        "Slack webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/[TE]\w{7,14}/\w{8,24}/\w{16,64}"
    )
    yield from _token("Stripe key", "sk_live_ rk_live_ sk_test_ rk_test_", r"[A-Za-z0-9]{16,250}", is_random)
    yield from _token("Stripe key", "whsec_", r"[A-Za-z0-9+/]{24,90}={0,2}", is_random)
    yield from _token("Twilio key", "SK", r"[0-9a-f]{32}(?![A-Za-z0-9])")
    yield from _token("SendGrid key", "SG.", r"[\w-]{16,32}\.[\w-]{16,64}")
    yield from _token("Mailgun key", "key-", r"[0-9a-f]{32}(?![A-Za-z0-9])")
    yield from _token("Mailgun key", "pubkey-", r"[0-9a-f]{32}(?![A-Za-z0-9])")
    yield from _token("Brevo key", "xkeysib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}")
    npm = re.compile(rf"{EDGE}npm_[A-Za-z0-9]{{36}}(?![A-Za-z0-9])")
    yield Rule("npm token", ("npm_",), npm, where(_is_github), "npm_")
    yield from _token("PyPI token", "pypi-AgE", r"[\w-]{50,300}", shape="pypi-")
    yield from _token("RubyGems token", "rubygems_", r"[0-9a-f]{48}")
    yield from _token("Docker token", "dckr_pat_ dckr_oat_", r"[\w-]{27,60}")
    yield from _token("Hugging Face token", "hf_ api_org_", r"[A-Za-z0-9]{34,40}(?![A-Za-z0-9])", is_random)
    yield from _token("Groq key", "gsk_", r"[A-Za-z0-9]{40,64}", is_random)
    yield from _token("xAI key", "xai-", r"[A-Za-z0-9]{70,90}", is_random)
    yield from _token("Perplexity key", "pplx-", r"[A-Za-z0-9]{40,64}", is_random)
    yield from _token("Replicate token", "r8_", r"[A-Za-z0-9]{37,40}", is_random)
    yield from _token("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}")
    yield from _token("Shopify token", "shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{32}")
    yield from _token("Square token", "sq0atp- sq0csp-", r"[\w-]{22,43}")
    yield from _token("Linear key", "lin_api_", r"[A-Za-z0-9]{40}")
    yield from _token("Notion token", "ntn_", r"[0-9]{9,12}[A-Za-z0-9]{35}")
    yield from _token("Figma token", "figd_", r"[\w-]{40}")
    yield from _token("Airtable token", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}")
    yield from _token("Atlassian token", "ATATT3 ATCTT3", r"[\w=-]{60,250}")
    yield from _token("Postman key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}")
    yield from _token("Grafana token", "glsa_", r"[A-Za-z0-9]{32}_[0-9a-f]{8}")
    yield from _token("Grafana token", "glc_eyJ", r"[A-Za-z0-9+/=]{40,400}")
    yield from _token("New Relic key", "NRAK-", r"[A-Z0-9]{27}")
    yield from _token("Sentry token", "sntrys_eyJ sntryu_", r"[\w+/=-]{40,400}")
    yield from _token("Databricks token", "dapi", r"[0-9a-f]{32}(?:-[0-9])?(?![A-Za-z0-9])")
    yield from _token("Vault token", "hvs. hvb. hvr.", r"[\w-]{24,300}", is_random)
    yield from _token("Doppler token", "dp.pt. dp.st. dp.ct. dp.sa.", r"(?:[\w-]{2,35}\.)?[A-Za-z0-9]{40,44}")
    yield from _token("Pulumi token", "pul-", r"[0-9a-f]{40}(?![A-Za-z0-9])")
    yield from _token("Tailscale key", "tskey-", r"[a-z]{2,12}-[A-Za-z0-9]{8,32}-[A-Za-z0-9]{20,64}")
    yield from _token("Supabase token", "sbp_ sb_secret_", r"[\w-]{31,64}")
    yield from _token("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.=-]{32,64}")
    yield from _token("Heroku key", "HRKU-", r"[\w-]{36,70}")
    yield from _token("Facebook token", "EAAC EAAB EAAG EAAJ", r"[A-Za-z0-9]{60,400}", is_random)
    yield from _token("1Password token", "ops_eyJ", r"[\w-]{100,2000}")
    yield from _token("age secret key", "AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}")
    yield from _token("age secret key", "AGE-SECRET-KEY-PQ-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58,3000}")
    yield from _token(
        "Discord webhook", "discord.com/api/", r"(?:v[0-9]+/)?webhooks/[0-9]{15,21}/[\w-]{50,90}", _always
    )
    yield from _token(
        "Discord webhook", "discordapp.com/api/", r"(?:v[0-9]+/)?webhooks/[0-9]{15,21}/[\w-]{50,90}", _always
    )
    yield from _token("Discord token", "mfa.", r"[\w-]{84}(?![\w-])")
    yield from _token("Azure key", "AccountKey= accountkey= SharedAccessKey=", r"[A-Za-z0-9+/]{43,88}={0,2}")
    key_file = re.compile(r"(?:(?<![A-Za-z0-9+/])|(?<=\\[nrt]))LS0tLS1CRUdJTi[A-Za-z0-9+/]{60,16000}={0,2}")
    yield Rule("private key", ("LS0tLS1CRUdJTi",), key_file, where(_is_key_file))
    jwt = re.compile(
        r"(?:(?<![\w-])|(?<=\\[nrt]))(?P<part>eyJ[\w-]{8,8000})\.[\w-]{0,16000}(?:\.[\w-]{2,16000}){1,3}", re.ASCII
    )
    yield Rule("JSON Web Token", ("eyJ",), jwt, where(is_jwt), "eyJ")


PREFIXED = tuple(_rules())
"""Rules in the order in which one wins over another for the same text."""
