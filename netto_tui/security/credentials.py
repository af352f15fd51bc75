"""What opens the remotes: a token for GitHub, a service account for Firestore.

They come from the environment, from files that Google's own tools use, or from the keyring, where
`netto-tui init` puts them. No secret is part of an error, a log line or an argument list.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from netto_tui.errors import Denied, UsageError
from netto_tui.security.bounded import Patience, TookTooLong
from netto_tui.security.keyring_store import forget, keep, read

if TYPE_CHECKING:
    from firebase_admin.credentials import Base

__all__ = [
    "check_token",
    "firebase_account",
    "firebase_credential",
    "forget",
    "github_account",
    "github_host_account",
    "github_token",
    "keep",
    "service_account",
    "service_account_credential",
]

GITHUB_API = "https://api.github.com"
TOKEN_VARIABLE = "NETTO_GITHUB_TOKEN"  # noqa: S105  # the name of a variable
FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
EMULATOR_VARIABLE = "FIRESTORE_EMULATOR_HOST"

GOOGLE_SECONDS = 20.0
"""How long Google's library may look for default credentials: it also asks the network for them."""

_looks: Patience[Base] = Patience("netto-google")


def github_account(api_url: str, repository: str) -> str:
    """The keyring's account of a token for one repository, `OWNER/REPO`; "" as api_url is github.com."""
    return f"{github_host_account(api_url)} {repository.casefold()}"


def github_host_account(api_url: str) -> str:
    """The keyring's account of a token for every repository of a host."""
    return f"github {urlsplit(api_url or GITHUB_API).netloc.rpartition('@')[2].casefold()}"


def firebase_account(project: str) -> str:
    """The keyring's account of a service account for a project."""
    return f"firebase {project}"


def github_token(api_url: str, repository: str) -> str:
    """The token for a repository `OWNER/REPO`: NETTO_GITHUB_TOKEN, else the keyring's, for it or for its host.

    api_url: the base of the API, "" for github.com. Raises Denied where there is none.
    """
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        return check_token(token, TOKEN_VARIABLE)
    remedy = f"Give it one: netto-tui init --replica github=github:{repository} asks for it; or set {TOKEN_VARIABLE}."
    try:
        token = read(github_account(api_url, repository)) or read(github_host_account(api_url)) or ""
    except Denied as error:
        message = f"The token for {repository} cannot be read. {error.message}"
        raise Denied(message, remedy=error.remedy) from None
    if not token:
        raise Denied(f"There is no token for the GitHub repository {repository}.", remedy=remedy)
    return check_token(token, "The token in the keyring")


def check_token(token: str, source: str) -> str:
    """A token without the blanks around it. Raises Denied for what cannot be one, without telling it.

    A header with such a text would be refused by the HTTP library in an error that quotes it.
    """
    token = token.strip()
    if not token or not all(0x21 <= ord(letter) <= 0x7E for letter in token):
        message = f"{source} is not a token: it is empty, or has blanks or letters that no token has."
        raise Denied(message, remedy="Copy it again, alone and whole, from the settings of your account.")
    return token


def firebase_credential(project: str) -> Base:
    """The credential for a Firestore project, for firebase_admin.initialize_app.

    In this order: none at all for an emulator (FIRESTORE_EMULATOR_HOST), the service account in the keyring,
    the file in GOOGLE_APPLICATION_CREDENTIALS, application default credentials of this machine.
    Raises Denied where there is none that can be used.
    """
    if os.environ.get(EMULATOR_VARIABLE):
        return _anonymous()
    named = os.environ.get(FILE_VARIABLE, "")
    try:
        stored = read(firebase_account(project))
    except Denied as error:
        if not named:
            return _default(project, error)
        stored = None
    if stored is not None:
        return service_account_credential(service_account(stored, "The service account in the keyring"))
    return _default(project, None)


def service_account(text: str, source: str) -> dict[str, Any]:
    """Read the JSON of a service account's key. Raises UsageError, with nothing of it in the message."""
    remedy = "Take the JSON file from the Google Cloud console: IAM, Service accounts, Keys, Add key."
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{source} is not JSON.", remedy=remedy) from None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise UsageError(f"{source} is not the key of a service account.", remedy=remedy)
    missing = [key for key in ("project_id", "client_email", "private_key", "token_uri") if not _is_text(found, key)]
    if missing:
        raise UsageError(f"{source} lacks {', '.join(missing)}.", remedy=remedy)
    return found


def _is_text(table: Mapping[str, Any], key: str) -> bool:
    return isinstance(table.get(key), str) and bool(table[key])


def _anonymous() -> Base:
    from firebase_admin import credentials
    from google.auth.credentials import AnonymousCredentials

    class Emulated(credentials.Base):  # type: ignore[misc]  # firebase_admin has no types
        """No credential: an emulator asks for none."""

        def get_credential(self) -> AnonymousCredentials:
            return AnonymousCredentials()

    return Emulated()


def service_account_credential(table: Mapping[str, Any]) -> Base:
    """The credential of a service account's key.

    Raises Denied for a private key that cannot be read, without the library's words: they might quote it.
    """
    from firebase_admin import credentials

    try:
        return credentials.Certificate(table)
    except ValueError:
        message = "The private key of the service account cannot be read."
        raise Denied(message, remedy="Make a new key in the Google Cloud console and give it here.") from None


def _default(project: str, keyring: Denied | None) -> Base:
    """Application default credentials, found now rather than in the middle of a pass."""
    give = (
        f"Give one: netto-tui init --replica cloud=firestore:{project}/UID --credentials FILE; or set {FILE_VARIABLE}."
    )
    named = os.environ.get(FILE_VARIABLE, "")
    try:
        return _looks.call(_application_default, GOOGLE_SECONDS)
    except Exception as error:
        late = isinstance(error, TookTooLong)
    if named:
        message = f"{FILE_VARIABLE} names {named}, which holds no credentials that can be read."
        raise Denied(message, remedy="Correct the variable, or take it away.")
    message = f"There are no credentials for the Firestore project {project}."
    if late:
        message = f"Looking for credentials for the Firestore project {project} took too long."
    if keyring is not None:
        message = f"{message} {keyring.message}"
    raise Denied(message, remedy=give)


def _application_default() -> Base:
    import warnings

    from firebase_admin import credentials

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # end user credentials are a choice, not a mistake
        found = credentials.ApplicationDefault()
        found.get_credential()
    return found
