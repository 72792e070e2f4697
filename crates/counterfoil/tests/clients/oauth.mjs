// openid-client, unmodified, against a running server: `node oauth.mjs URL`, an administrator's token on standard input.
//
// Discovery, client_credentials with a secret in the header, in the form and with a signed assertion, introspection,
// revocation. Prints `ok` at its end.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const url = new URL(process.argv[2]);
const admin = readFileSync(0, "utf8").trim();
const plain = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };

async function natively(method, path, body) {
  const reply = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(reply.ok, `${path}: ${reply.status} ${await reply.clone().text()}`);
  return reply.json();
}

async function refused(promise, error) {
  await assert.rejects(promise, (refusal) => {
    const said = refusal.error ?? refusal.cause?.[0]?.scheme;
    assert.equal(said, error, refusal.stack);
    return true;
  });
}

await natively("POST", "/v1/roles", { name: "js-role", scopes: ["metrics.read"] });
const service = await natively("POST", "/v1/principals", { username: "js-reports", kind: "service", roles: ["js-role"] });
const key = await natively("POST", `/v1/principals/${service.id}/keys`, { dialect: "oauth" });

async function life(config, id) {
  const token = await client.clientCredentialsGrant(config, { scope: "metrics.read" });
  assert.equal(token.token_type, "bearer");
  assert.equal(token.expires_in, 300);
  const told = await client.tokenIntrospection(config, token.access_token);
  assert.equal(told.active, true);
  assert.equal(told.client_id, id);
  assert.equal(told.iss, config.serverMetadata().issuer);
  await client.tokenRevocation(config, token.access_token);
  assert.deepEqual(await client.tokenIntrospection(config, token.access_token), { active: false });
}

for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const config = await client.discovery(url, key.client_id, undefined, method(key.client_secret), plain);
  assert.deepEqual(config.serverMetadata().response_types_supported, []);
  await life(config, key.client_id);
  const wrong = await client.discovery(url, key.client_id, undefined, method("wrong"), plain);
  // It reads the challenge before the body.
  await refused(client.clientCredentialsGrant(wrong), "basic");
  await refused(client.clientCredentialsGrant(config, { scope: "logs.read" }), "invalid_scope");
}

for (const [name, algorithm] of [
  ["Ed25519", { name: "Ed25519" }],
  ["ES256", { name: "ECDSA", namedCurve: "P-256" }],
  ["RS256", {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }],
]) {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const kid = `js-${name}`;
  const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid };
  await natively("PUT", `/v1/principals/${service.id}/jwks`, { keys: [jwk] });
  const proof = client.PrivateKeyJwt({ key: pair.privateKey, kid });
  const config = await client.discovery(url, "js-reports", undefined, proof, plain);
  await life(config, "js-reports");
}

console.log("ok");
