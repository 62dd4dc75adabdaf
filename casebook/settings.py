"""One frozen object of settings: defaults < casebook.toml < environment (CASEBOOK_…) < flags.

Unknown keys are errors and numbers are bounded, so a misspelled setting is never silently ignored.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from casebook.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_ENCODER = "casebook-minilm"


class Settings(BaseSettings):
    """What can be set; the name in casebook.toml is the field's, in the environment CASEBOOK_ and the field's in capitals."""

    model_config = SettingsConfigDict(env_prefix="CASEBOOK_", extra="forbid", frozen=True)

    data: Path = Field(ROOT / "data", description="folder of the index and of the documents' copies")
    collection: Path = Field(ROOT / "collection", description="folder of the bundled documents and their catalog")
    encoder: str = Field(DEFAULT_ENCODER, description="sentence-transformers model: the bundled one, a folder, or a hub name")
    passage_tokens: int = Field(200, ge=32, le=480, description="where a passage closes, in tokens of the encoder")
    workers: int = Field(0, ge=0, le=64, description="processes that read PDFs; 0: one a core, at most four")
    file_seconds: float = Field(120.0, ge=1, le=3600, description="time one PDF may take to read")
    file_megabytes: int = Field(2048, ge=256, le=65536, description="memory one PDF may take to read")
    words_weight: float | None = Field(
        None, ge=0, le=1, description="share of the word score in the fused score; none: chosen for each question"
    )
    pool: int = Field(100, ge=10, le=5000, description="candidates each side brings to the fusion")
    reranker: bool = Field(True, description="whether the best candidates are read again by the cross-encoder")
    rerank: int = Field(20, ge=1, le=100, description="candidates the reranker reads")
    statements: int = Field(6, ge=1, le=20, description="quotations an answer shows at most")
    caution: Literal["careful", "balanced", "generous"] = Field("balanced", description="how sure an answer must be")
    selector: bool = Field(
        True, description="whether answers are chosen with the trained selector, where models/selector is there"
    )
    judge: bool = Field(True, description="whether a larger reader has its say in how sure an answer is, where models/judge is")
    threshold: float | None = Field(None, ge=0, le=1, description="confidence below which an answer abstains; none: by caution")
    llm_url: str = Field("", description="OpenAI-compatible server that may phrase answers; none: quotations only")
    llm_model: str = Field("", description="the model to ask for there; none: the first it lists")
    llm_key: SecretStr = Field(SecretStr(""), description="its key, if it wants one")
    llm_seconds: float = Field(20.0, ge=0.1, le=600, description="longest silence of that server before it is given up")
    host: str = Field("127.0.0.1", description="address the web application listens on")
    port: int = Field(7860, ge=0, le=65535, description="port the web application listens on")

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,  # .env and secrets files are not read
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _toml_file())


def _toml_file() -> Path:
    return Path(os.environ.get("CASEBOOK_TOML", ROOT / "casebook.toml"))


def load(**flags: Any) -> Settings:
    """Settings with `flags` on top; flags that are None count as not given.

    Raises `SettingsError` naming the setting and what is allowed.
    """
    known = set(Settings.model_fields)
    stray = sorted(k for k in os.environ if k.startswith("CASEBOOK_") and k[9:].lower() not in known and k != "CASEBOOK_TOML")
    if stray:
        raise SettingsError(f"{stray[0]} is no setting. Settings are: {', '.join(sorted(known))}.")
    try:
        return Settings(**{key: value for key, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SettingsError(f"{name} is no setting. Settings are: {', '.join(sorted(known))}.") from error
        raise SettingsError(f"The setting {name} is wrong: {first['msg']} (found {first['input']!r}).") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_toml_file()} is no valid TOML: {error}. Mend or remove it.") from error
