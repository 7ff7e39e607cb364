"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, between, currency_code, setting


@dataclass(frozen=True, kw_only=True)
class ImportLimits:
    """How large a catalogue may be that is imported in one request."""

    import_max_bytes: int = setting(
        "IMPORT_MAX_BYTES",
        "Largest catalogue that one request may import; beyond it 413. The gateway has a limit of its own.",
        default=4_194_304,
        check=between(1024, 1 << 26),
    )
    import_max_lines: int = setting(
        "IMPORT_MAX_LINES",
        "Most products that one request may import; beyond it 413.",
        default=10_000,
        check=between(1, 100_000),
    )


@dataclass(frozen=True, kw_only=True)
class ProductsSettings(ImportLimits, TokenSettings):
    """What `products` reads from the environment."""

    currency: str = setting("CURRENCY", "ISO 4217 code of all prices.", default="EUR", check=currency_code)
