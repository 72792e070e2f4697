"""Authlib and PyJWT, unmodified, against a running server: `oauth.py URL`, an administrator's token on standard input.

Discovery, client_credentials with a secret in the header, in the form and with a signed assertion, introspection,
revocation, token exchange; and a JWT checked with nothing but the published keys. Prints `ok` at its end.
"""

import base64
import json
import sys

import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

URL = sys.argv[1].rstrip("/")
ADMIN = {"Authorization": f"Bearer {sys.stdin.readline().strip()}"}


def natively(method, path, body):
    reply = requests.request(method, URL + path, json=body, headers=ADMIN, timeout=30)
    assert reply.ok, (path, reply.status_code, reply.text)
    return reply.json() if reply.content else None


def service(name, *scopes):
    natively("POST", "/v1/roles", {"name": f"role of {name}", "scopes": list(scopes)})
    made = natively("POST", "/v1/principals", {"username": name, "kind": "service", "roles": [f"role of {name}"]})
    key = natively("POST", f"/v1/principals/{made['id']}/keys", {"dialect": "oauth"})
    return made["id"], key["client_id"], key["client_secret"]


def refused(call, error):
    try:
        call()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
    else:
        raise AssertionError(f"{error} was expected")


metadata = requests.get(f"{URL}/.well-known/oauth-authorization-server", timeout=30).json()
assert metadata["issuer"] == URL, metadata
TOKEN, INTROSPECT, REVOKE = (metadata[f"{name}_endpoint"] for name in ("token", "introspection", "revocation"))
# What a reader of tokens knows before the first of them exists.
keys = jwt.PyJWKClient(metadata["jwks_uri"])
reports, client_id, secret = service("py-reports", "metrics.read", "reports:write")
billing, billing_client, billing_secret = service("py-billing", "metrics.read")


def checked(token, audience):
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key.key, algorithms=[key.algorithm_name], audience=audience, issuer=URL,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
    )
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    return claims


for method in ("client_secret_basic", "client_secret_post"):
    session = OAuth2Session(client_id, secret, token_endpoint_auth_method=method, scope="metrics.read")
    token = session.fetch_token(TOKEN, grant_type="client_credentials")
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 300, "metrics.read"), token
    claims = checked(token["access_token"], URL)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (reports, client_id, "metrics.read"), claims
    # The token opens the native API: this client's own keys.
    reply = session.get(f"{URL}/v1/principals/{reports}/keys?dialect=oauth", timeout=30)
    assert reply.status_code == 200 and reply.json()["total"] == 1, reply.text
    told = session.introspect_token(INTROSPECT, token=token["access_token"]).json()
    assert told["active"] and told["sub"] == reports and told["iss"] == URL and told["jti"] == claims["jti"], told
    assert session.revoke_token(REVOKE, token=token["access_token"]).status_code == 200
    assert session.introspect_token(INTROSPECT, token=token["access_token"]).json() == {"active": False}
    assert session.get(f"{URL}/v1/principals/{reports}/keys?dialect=oauth", timeout=30).status_code == 401
    wrong = OAuth2Session(client_id, secret[:-1] + "!", token_endpoint_auth_method=method)
    refused(lambda: wrong.fetch_token(TOKEN, grant_type="client_credentials"), "invalid_client")
    greedy = OAuth2Session(client_id, secret, token_endpoint_auth_method=method, scope="logs.read")
    refused(lambda: greedy.fetch_token(TOKEN, grant_type="client_credentials"), "invalid_scope")


def jwk(private, algorithm):
    public = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key()))
    return {**public, "alg": algorithm}


signing = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}
public = [jwk(private, algorithm) for algorithm, private in signing.items()]
natively("PUT", f"/v1/principals/{reports}/jwks", {"keys": public})
for algorithm, private in signing.items():
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    session = OAuth2Session(
        "py-reports", {"RS256": RSAKey, "ES256": ECKey}[algorithm].import_key(pem),
        token_endpoint_auth_method="private_key_jwt", revocation_endpoint_auth_method="private_key_jwt",
    )
    session.register_client_auth_method(PrivateKeyJWT(TOKEN, alg=algorithm))
    token = session.fetch_token(TOKEN, grant_type="client_credentials")
    assert checked(token["access_token"], URL)["client_id"] == "py-reports"
    assert session.introspect_token(INTROSPECT, token=token["access_token"]).json()["active"]
    assert session.revoke_token(REVOKE, token=token["access_token"]).status_code == 200

# Reports asks for a token for billing; billing checks it, and goes on with less of it.
session = OAuth2Session(client_id, secret)
subject = session.fetch_token(TOKEN, grant_type="client_credentials", audience="py-billing")["access_token"]
assert checked(subject, "py-billing")["sub"] == reports
receiver = OAuth2Session(billing_client, billing_secret)
assert receiver.introspect_token(INTROSPECT, token=subject).json()["aud"] == "py-billing"
kind = "urn:ietf:params:oauth:token-type:access_token"
token = receiver.fetch_token(
    TOKEN, grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token=subject, subject_token_type=kind, scope="metrics.read",
)
claims = checked(token["access_token"], "py-billing")
assert (claims["sub"], claims["act"], token["issued_token_type"]) == (reports, {"sub": billing}, kind), claims

# A forged one: the published key as an HMAC secret.
published = requests.get(metadata["jwks_uri"], timeout=30)
assert "max-age=300" in published.headers["Cache-Control"]
again = requests.get(metadata["jwks_uri"], headers={"If-None-Match": published.headers["ETag"]}, timeout=30)
assert (again.status_code, again.content) == (304, b"")
forged = jwt.encode(
    {"iss": "py-reports", "sub": "py-reports", "aud": TOKEN, "exp": 2_000_000_000, "jti": "1"},
    base64.b64encode(public[0]["n"].encode()).decode(), algorithm="HS256",
)
reply = requests.post(TOKEN, timeout=30, data={
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": forged,
})
assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client"), reply.text
assert reply.headers["WWW-Authenticate"].startswith("Basic ")
print("ok")
