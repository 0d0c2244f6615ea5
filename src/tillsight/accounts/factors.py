"""The second factor: codes of six digits that change every 30 seconds (TOTP, RFC 6238), and recovery codes.

The secret is encrypted, bound to its user. A code is good once, 30 seconds early or late. Ten recovery codes stand in for
it, each once; they are shown when they are made and kept as hashes.
"""

from __future__ import annotations

import hmac
import io
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tillsight.accounts.roles import By
from tillsight.accounts.tokens import hash_of
from tillsight.audit import record
from tillsight.core.errors import ConflictError, QuestionError
from tillsight.database import RecoveryCode, User, now
from tillsight.vault import FieldCipher

STEP = 30
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator needs: the secret as text, as an address, and that as a picture (SVG)."""

    secret: str
    address: str
    picture: str


def begin(session: Session, user: User, cipher: FieldCipher, issuer: str) -> Enrolment:
    """Make a secret that is not valid until a code of it was given. Raises ConflictError where there is a valid one."""
    import pyotp
    import segno

    if user.factor_at is not None:
        raise ConflictError("You have a second factor already; remove it first to set up another.")
    secret = pyotp.random_base32()
    user.factor_secret, user.factor_step = cipher.encrypt(secret, _context(user)), None
    session.add(user)
    address = pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=issuer.replace(":", " "))
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=5, border=2, xmldecl=False, dark="#000", light="#fff")
    return Enrolment(secret, address, out.getvalue().decode())


def confirm(session: Session, user: User, cipher: FieldCipher, code: str, by: By) -> list[str]:
    """Make the factor valid with its first code, and return the recovery codes. Raises QuestionError for a wrong code."""
    if user.factor_at is not None:
        raise ConflictError("The second factor is set up already.")
    if user.factor_secret is None:
        raise ConflictError("Begin with a new secret first.")
    if not _right(user, cipher, code, now()):
        raise wrong_code()
    user.factor_at = now()
    record(session, who=by.name, address=by.address, action="factor.set_up", subject=f"user:{user.name}")
    return new_codes(session, user)


def check(session: Session, user: User, cipher: FieldCipher, code: str, at: datetime) -> bool:
    """Whether a code of the authenticator or a recovery code is right; it is used up."""
    plain = code.strip().lower().replace(" ", "")
    if plain.isdigit():
        return user.factor_at is not None and _right(user, cipher, plain, at)
    found = session.scalar(
        select(RecoveryCode).where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _code_hash(user, plain),
            RecoveryCode.used_at.is_(None),
        )
    )
    if found is None:
        return False
    found.used_at = at
    return True


def new_codes(session: Session, user: User) -> list[str]:
    """Make recovery codes in place of the ones before. They are returned this once."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCode(code_hash=_code_hash(user, code), user_id=user.id) for code in codes)
    return codes


def renew(session: Session, user: User, by: By) -> list[str]:
    """Make recovery codes anew because somebody asked for it."""
    record(session, who=by.name, address=by.address, action="factor.codes_renewed", subject=f"user:{user.name}")
    return new_codes(session, user)


def codes_left(session: Session, user_id: int) -> int:
    """How many recovery codes were not used yet."""
    query = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


def remove(session: Session, user: User, by: By) -> None:
    """Take the second factor and its recovery codes away; nothing happens where there is none."""
    had = user.factor_at is not None
    user.factor_secret = user.factor_at = user.factor_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    if had:
        record(session, who=by.name, address=by.address, action="factor.removed", subject=f"user:{user.name}")


def wrong_code() -> QuestionError:
    """The error for a code that is not right."""
    return QuestionError("The code is wrong or has been used; wait for the next one.", field="code")


def _right(user: User, cipher: FieldCipher, code: str, at: datetime) -> bool:
    import pyotp

    if user.factor_secret is None:
        return False
    totp = pyotp.TOTP(cipher.decrypt(user.factor_secret, _context(user)))
    this = int(at.timestamp()) // STEP
    for step in (this - 1, this, this + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()) and step > (
            user.factor_step or 0
        ):
            user.factor_step = step
            return True
    return False


def rotate(session: Session, cipher: FieldCipher) -> int:
    """Seal every secret again with the newest master key. Returns how many were sealed anew."""
    count = 0
    for user in session.scalars(select(User).where(User.factor_secret.is_not(None))):
        sealed = cipher.rotate(user.factor_secret or "", _context(user))
        count += sealed != user.factor_secret
        user.factor_secret = sealed
    return count


def _code_hash(user: User, code: str) -> str:
    return hash_of(f"{user.id}:{code}")


def _context(user: User) -> str:
    return f"totp:{user.id}"
