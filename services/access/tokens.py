"""Short tokens by which one service of the hub speaks for a person to another (JWT, HS256, 60 seconds)."""

from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from services.access.callers import Caller

LIFETIME = timedelta(seconds=60)
ISSUER = "hub"
_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER}, exp={"essential": True}, sub={"essential": True}
)


def mint_token(caller: Caller, secret: str, now: datetime) -> str:
    """A token for `caller`, good for `LIFETIME` from `now`."""
    claims = caller.claims() | {"iss": ISSUER, "iat": int(now.timestamp()), "exp": int((now + LIFETIME).timestamp())}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def read_token(token: str, secret: str) -> Caller | None:
    """The caller, or None when the token is not ours or has run out."""
    try:
        read = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"])
        _CLAIMS.validate(read.claims)
        return Caller.from_claims(read.claims)
    except (JoseError, ValueError, KeyError):
        return None
