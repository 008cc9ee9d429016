"""A service's settings: a TOML file, the environment over it, checked before anything starts.

`FREEHOLD_SECTION__FIELD` in the environment stands over `field` in `[section]` of the file. Secrets are named by the
file that holds them, or given by the environment; what is printed shows none.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from freehold.errors import Refused

PREFIX = "FREEHOLD_"


class Section(BaseModel):
    """Settings of one component. A field that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> bytes:
        """Of what stands in it, secrets left out: SHA-256."""
        return sha256(self.model_dump_json().encode()).digest()


class Key(Section):
    """A secret key, by the file that holds it or by the environment."""

    file: Path | None = Field(None, description="hex, one line")
    value: SecretStr | None = Field(None, description="hex; in the environment alone", exclude=True)

    def secret(self) -> int:
        """Raises Refused."""
        if self.value is not None:
            text = self.value.get_secret_value()
        elif self.file is not None:
            try:
                text = self.file.read_text()
            except OSError as error:
                raise Refused(f"{self.file} cannot be read: {error.strerror}") from error
        else:
            raise Refused("no key is named: give the file that holds it")
        try:
            return int(text.strip(), 16)
        except ValueError as error:
            raise Refused(f"{self.file or 'the environment'} holds no key: hex is expected") from error


Kind = TypeVar("Kind", bound=Section)


def read_settings(kind: type[Kind], path: Path, environment: Mapping[str, str] | None = None) -> Kind:
    """Raises Refused, naming the file, the field and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not TOML: {error}") from error
    try:
        return kind.model_validate(over(document, os.environ if environment is None else environment))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}") from error


def over(document: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The document with what the environment says in place of it."""
    merged = {name: dict(value) if isinstance(value, dict) else value for name, value in document.items()}
    for name, value in environment.items():
        section, separator, field = name.removeprefix(PREFIX).lower().partition("__")
        if name.startswith(PREFIX) and separator:
            merged.setdefault(section, {})[field] = value
    return merged


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises ValueError."""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) >= 1 << 16:
        raise ValueError(f"'{text}' is not HOST:PORT")
    return host, int(port)
