//! What is shown: a token's life, and each vendor's page with the answer that it gets here.

use super::stage::Stage;
use super::teller::{Call, Teller, say};
use anyhow::Result;
use data_encoding::BASE64;
use http::Method;
use serde_json::json;
use std::time::{Duration, Instant};

/// How often a check is made to see how long one takes.
const CHECKS: usize = 200;
/// The password of those that have one here.
const PASSWORD: &str = "correct horse battery";
/// The API key of Control Room's page, as it stands in JSON.
const PAGE_KEY: &str = r"Vie;Z:IvtAhY0\\1RAD[SWl{NU7baRLYEeIYUJSKO";

/// Shows everything: whether it went as it should.
pub(super) async fn give(stage: &Stage) -> Result<bool> {
    let mut teller = Teller::new(&stage.url)?;
    let admin = format!("Bearer {}", stage.admin);
    teller.name("ADMIN", &stage.admin)?;
    life(&mut teller, &admin).await?;
    vendors(&mut teller, &admin, &stage.admin).await?;
    journal(&mut teller, &admin).await?;
    Ok(teller.well)
}

/// A token like the one that the tour revokes.
pub(super) async fn spare(stage: &Stage) -> Result<String> {
    let new = Call::new(Method::POST, "/v1/tokens").with("authorization", format!("Bearer {}", stage.admin));
    let new = new.json(r#"{"name":"spare","scopes":["deploy"],"expires":"30d"}"#);
    Teller::new(&stage.url)?.ask(new).await?.text("/token")
}

async fn life(teller: &mut Teller, admin: &str) -> Result<()> {
    let post = |path: &str| Call::new(Method::POST, path).with("authorization", admin);
    teller.title("A token is made; its secret is shown this once")?;
    let body = r#"{"name":"ci","scopes":["deploy"],"expires":"30d"}"#;
    let made = teller.tell(post("/v1/tokens").json(body), 201).await?;
    let (id, token) = (made.text("/id")?, made.text("/token")?);
    teller.name("TOKEN", &token)?;

    teller.title("Does it count, and for what?")?;
    let verify =
        |token: &str| post("/v1/verify").json(json!({ "token": token, "scope": "deploy" }).to_string());
    teller.tell(verify(&token), 200).await?;
    teller.tell(post("/oauth/introspect").form(format!("token={token}")), 200).await?;
    let mut took = Vec::with_capacity(CHECKS);
    for _ in 0..CHECKS {
        let came = teller.ask(verify(&token)).await?;
        teller.check(came.json["active"] == true);
        took.push(came.took);
    }
    took.sort();
    let (middle, late) = (millis(took[CHECKS / 2]), millis(took[CHECKS * 99 / 100]));
    say(&format!(
        "{CHECKS} checks over HTTP, one after the other: half within {middle} ms, 99% within {late} ms"
    ))?;

    teller.title("A gate for nginx, Caddy, Traefik or Envoy")?;
    teller.ask(post("/v1/gates").json(r#"{"name":"front","scopes":["deploy"]}"#)).await?;
    let bearer = format!("Bearer {token}");
    teller.tell(Call::new(Method::GET, "/check/front").with("authorization", &bearer), 200).await?;
    teller.tell(Call::new(Method::GET, "/check/front"), 401).await?;

    teller.title("A new secret, and an hour in which the old one counts too")?;
    let rotated =
        teller.tell(post(&format!("/v1/tokens/{id}/rotate")).json(r#"{"overlap":"1h"}"#), 200).await?;
    let new = rotated.text("/token")?;
    for (which, text) in [("the new one", &new), ("the old one", &token)] {
        let counts = teller.ask(verify(text)).await?.json["active"] == true;
        let mark = teller.check(counts);
        say(&format!("{mark} {which} counts"))?;
    }

    teller.title("Revoked: it counts no more when the answer is there")?;
    teller
        .tell(Call::new(Method::DELETE, format!("/v1/tokens/{id}")).with("authorization", admin), 204)
        .await?;
    let answered = Instant::now();
    let refused = teller.ask(verify(&new)).await?.json["active"] == false;
    let mark = teller.check(refused);
    say(&format!("{mark} the first check after it was refused, {} ms later", millis(answered.elapsed())))
}

async fn vendors(teller: &mut Teller, admin: &str, first: &str) -> Result<()> {
    let post = |path: &str| Call::new(Method::POST, path).with("authorization", admin);
    // Somebody who has what the vendors' pages suppose.
    let words = ["control-room.api-key", "datto-rmm.read", "datto-rmm.write", "ruvds.read", "ruvds.write"];
    teller.ask(post("/v1/roles").json(json!({ "name": "everywhere", "scopes": words }).to_string())).await?;
    let jdoe = r#"{"username":"jdoe","number":9,"roles":["everywhere"],"several_sessions":true}"#;
    teller.ask(post("/v1/principals").json(jdoe)).await?;
    let key = format!(r#"{{"dialect":"control-room","text":"{PAGE_KEY}"}}"#);
    teller.ask(post("/v1/principals/9/keys").json(key)).await?;
    let datto = teller.ask(post("/v1/principals/9/keys").json(r#"{"dialect":"datto-rmm"}"#)).await?;
    for number in [1, 9] {
        let path = format!("/v1/principals/{number}/password");
        let password = json!({ "password": PASSWORD }).to_string();
        teller.ask(Call::new(Method::PUT, path).with("authorization", admin).json(password)).await?;
    }
    let basic = |name: &str| format!("Basic {}", BASE64.encode(format!("{name}:{PASSWORD}").as_bytes()));

    teller.title("Datto RMM: Request-DattoRMMAccessToken")?;
    let form =
        format!("grant_type=password&username={}&password={}", datto.text("/key")?, datto.text("/secret")?);
    let client = "Basic cHVibGljLWNsaWVudDpwdWJsaWM=";
    teller
        .tell(Call::new(Method::POST, "/auth/oauth/token").with("authorization", client).form(form), 200)
        .await?;

    teller.title("RUVDS: Invoke-TokensCreate, -Get, -List and -Put")?;
    let as_jdoe = |method, path: &str| Call::new(method, path).with("authorization", basic("jdoe"));
    let body = r#"{"token_name":"my-api-token","token_role":"read","token_expiry":"2127-01-01T00:00:00Z"}"#;
    let made = teller.tell(as_jdoe(Method::POST, "/v2/tokens").json(body), 200).await?;
    let one = format!("/v2/tokens/{}", made.text("/token_id")?);
    teller.tell(as_jdoe(Method::GET, &one), 200).await?;
    teller.tell(as_jdoe(Method::GET, "/v2/tokens"), 200).await?;
    teller.tell(as_jdoe(Method::PUT, &one), 200).await?;

    teller.title("Bamboo's agent-config: create, update and view tokens")?;
    let tokens = "/rest/agent-config/1.0/tokens/";
    let as_admin = |method, path: &str| Call::new(method, path).with("authorization", basic("admin"));
    let body = r#"{"name":"informational name","read":true,"change":false}"#;
    let made = teller.tell(as_admin(Method::POST, tokens).json(body), 200).await?;
    let uuid = made.text("/uuid")?;
    let body = format!(r#"{{"uuid":"{uuid}","name":"give me more power","read":true,"change":true}}"#);
    teller.tell(as_admin(Method::PUT, &format!("{tokens}{uuid}")).json(body), 200).await?;
    teller.tell(as_admin(Method::GET, "/rest/agent/1.0/tokens/"), 200).await?;

    teller.title("Dynatrace: POST apiTokens")?;
    let body = r#"{"personalAccessToken":false,"expirationDate":"now+14d","scopes":["metrics.read"],"name":"tokenName"}"#;
    let token = format!("Api-Token {first}");
    teller
        .tell(Call::new(Method::POST, "/api/v2/apiTokens").with("authorization", token).json(body), 201)
        .await?;

    teller.title("Control Room: authentication with user name and API key")?;
    let body = format!(r#"{{"username":"jdoe","apiKey":"{PAGE_KEY}"}}"#);
    teller.tell(Call::new(Method::POST, "/v1/authentication").json(body), 200).await?;
    Ok(())
}

async fn journal(teller: &mut Teller, admin: &str) -> Result<()> {
    teller.title("Who changed what")?;
    let rows = teller
        .tell(Call::new(Method::GET, "/v1/journal?limit=1000").with("authorization", admin), 200)
        .await?;
    let count = rows.json["items"].as_array().map_or(0, Vec::len);
    let mark = teller.check(count > 10);
    say(&format!("{mark} {count} changes, each in the same transaction as its line here"))
}

fn millis(took: Duration) -> String {
    format!("{:.2}", took.as_secs_f64() * 1000.0)
}
