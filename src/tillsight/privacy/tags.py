"""Keyed hashes of identifiers, the same in SQL and in Python: what a tombstone keeps, and what stands in a person's place.

A tag is HMAC-SHA256 of the kind of an identifier and its value as it is compared. Nobody without the key can go from a tag
to a value, not even by trying all; with the key one can tell whether a value one knows already is among them.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import duckdb

from tillsight.privacy.declared import EVERYWHERE, Kind
from tillsight.warehouse.duck import quoted

ERASED = "erased-"
ERASED_MAIL = "@erased.invalid"
ERASED_PHONE = "000"
SEPARATOR = "\x1f"
"""Parts the shop from the number where a number belongs to one shop."""
_BLOCK = 64


def tag_of(key: bytes, kind: str, value: str) -> str:
    """The tag of an identifier as it is compared, hexadecimal."""
    return hmac.new(key, f"{kind}\n{value}".encode(), hashlib.sha256).hexdigest()


def define_tag(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make `tag_of(kind, value)` known to a connection (RFC 2104 in SQL)."""
    padded = key.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO tag_of(kind, value) AS sha256(unhex('{outer}') || "
        f"unhex(sha256(unhex('{inner}') || encode(kind || chr(10) || value))))"
    )


def compared(kind: Kind, value: str, shop: str) -> str:
    """An identifier as it is compared: addresses in lower case, telephone numbers as digits, numbers with their shop."""
    if kind == "email":
        return value.strip().lower()
    if kind == "phone":
        return re.sub("[^0-9]", "", value)
    return value.strip() if kind in EVERYWHERE else f"{shop}{SEPARATOR}{value.strip()}"


def compared_sql(kind: Kind, column: str, shop: str = "shop_id") -> str:
    """SQL of `compared` over a column; null for what is unknown. `shop`: SQL of the shop of the row."""
    name = quoted(column)
    if kind == "email":
        return f"nullif(lower(trim({name})), '')"
    if kind == "phone":
        return f"nullif(regexp_replace({name}, '[^0-9]', '', 'g'), '')"
    number = f"nullif(trim({name}), '')"
    return number if kind in EVERYWHERE else f"({shop} || chr(31) || {number})"


def surrogate_sql(kind: Kind, value: str) -> str:
    """SQL of what stands in place of an identifier (given as it is compared): the same for the same, and nothing in it.

    What stands in place of somebody already stays as it is.
    """
    said = f"tag_of('instead of {kind}', {value})"
    if kind == "email":
        new, old, done = (
            f"'{ERASED}' || left({said}, 20) || '{ERASED_MAIL}'",
            value,
            f"ends_with({value}, '{ERASED_MAIL}')",
        )
    elif kind == "phone":
        # only digits: telephone numbers are compared as such
        digits = f"lpad(CAST(CAST('0x' || left({said}, 14) AS BIGINT) AS VARCHAR), 17, '0')"
        new, old, done = f"'{ERASED_PHONE}' || {digits}", value, f"starts_with({value}, '{ERASED_PHONE}')"
    else:
        old = f"split_part({value}, chr(31), -1)"
        new, done = f"'{ERASED}' || left({said}, 20)", f"starts_with({old}, '{ERASED}')"
    return f"CASE WHEN {done} THEN {old} ELSE {new} END"


def surrogate_of(key: bytes, kind: Kind, value: str) -> str:
    """What stands in place of an identifier (given as it is compared), as `surrogate_sql` makes it."""
    said = tag_of(key, f"instead of {kind}", value)
    if kind == "email":
        return value if value.endswith(ERASED_MAIL) else f"{ERASED}{said[:20]}{ERASED_MAIL}"
    if kind == "phone":
        return value if value.startswith(ERASED_PHONE) else f"{ERASED_PHONE}{int(said[:14], 16):017}"
    old = plain(kind, value)
    return old if old.startswith(ERASED) else f"{ERASED}{said[:20]}"


def plain(kind: Kind, value: str) -> str:
    """The value of an identifier without its shop."""
    return value if kind in EVERYWHERE else value.partition(SEPARATOR)[2]
