//! Keys from the command line: those that buy sessions, in every dialect's words, and those that services sign with.

use crate::support::place::{Place, Ran};
use crate::support::server::Server;
use crate::support::text;
use serde_json::{Value, json};

/// A public key that somebody signs with (RFC 8037, appendix A.2), and what must not be kept of it.
const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid":"one","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}"#;

fn run(place: &Place, line: &str, input: &str) -> Ran {
    place.run_with(&line.split(' ').collect::<Vec<_>>(), &[], input)
}

fn json_of(place: &Place, line: &str, input: &str) -> Value {
    serde_json::from_str(&run(place, &format!("{line} -o json"), input).printed()).unwrap()
}

/// A place with somebody who may hold keys of every dialect.
fn with_jane() -> Place {
    let place = Place::with_store();
    run(&place, "role create all --scope control-room.api-key --scope datto-rmm.read --scope deploy", "")
        .printed();
    run(&place, "principal create jane --role all --multiple-sessions", "").printed();
    place
}

/// Whether the key buys a session of its dialect.
fn buys(server: &Server, dialect: &str, id: &str, secret: &str) -> bool {
    let (target, kind, credential, body) = match dialect {
        "control-room" => {
            let body = json!({ "username": "jane", "apiKey": secret }).to_string();
            ("/v2/authentication", "application/json", String::new(), body)
        }
        "datto-rmm" => {
            let form = format!("grant_type=password&username={id}&password={secret}");
            let public = "Authorization: Basic cHVibGljLWNsaWVudDpwdWJsaWM=\r\n".to_owned();
            ("/auth/oauth/token", "application/x-www-form-urlencoded", public, form)
        }
        _ => {
            let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
            ("/oauth/token", "application/x-www-form-urlencoded", String::new(), form)
        }
    };
    let mut connection = server.connect();
    let length = body.len();
    let head = format!("POST {target} HTTP/1.1\r\nHost: test\r\nContent-Type: {kind}\r\n{credential}");
    connection.send(format!("{head}Content-Length: {length}\r\n\r\n{body}")).unwrap();
    let reply = connection.reply().unwrap();
    assert!(reply.status == 200 || [400, 401].contains(&reply.status), "{reply:?}");
    reply.status == 200
}

/// For every dialect: how its keys name their two parts, and whether somebody may hold several.
const WORDS: [(&str, Option<&str>, &str, bool); 3] = [
    ("control-room", None, "key", false),
    ("datto-rmm", Some("key"), "secret", false),
    ("oauth", Some("client_id"), "client_secret", true),
];

#[test]
fn a_key_is_printed_in_its_dialects_words() {
    let place = with_jane();
    let server = Server::start(&place);
    for (dialect, id_name, text_name, _) in WORDS {
        let key = json_of(&place, &format!("principal key create jane --dialect {dialect}"), "");
        let id = text(&key, id_name.unwrap_or("id"));
        assert!(buys(&server, dialect, &id, &text(&key, text_name)), "{key}");
        assert_eq!(text(&key, "principal"), "jane");
        assert_eq!(key.get("expires").is_some(), dialect == "control-room", "{key}");
        let secret =
            run(&place, &format!("principal key create jane --dialect {dialect} -o value"), "").printed();
        let list = json_of(&place, &format!("principal key list jane --dialect {dialect}"), "");
        let newest = list["items"].as_array().unwrap().last().unwrap();
        assert!(buys(&server, dialect, &text(newest, "id"), secret.trim()), "{dialect}");
        assert!(!list.to_string().contains(secret.trim()));
    }
}

#[test]
fn a_key_is_replaced_and_revoked() {
    let place = with_jane();
    let server = Server::start(&place);
    for (dialect, id_name, text_name, several) in WORDS {
        let parts = |key: &Value| (text(key, id_name.unwrap_or("id")), text(key, text_name));
        let of_jane = format!("jane --dialect {dialect}");
        let old = parts(&json_of(&place, &format!("principal key create {of_jane}"), ""));
        // Where there may be several, it has to be said which; elsewhere it may be.
        let unnamed = run(&place, &format!("principal key rotate {of_jane} --dry-run"), "");
        assert_eq!(unnamed.code, Some(if several { 2 } else { 0 }), "{dialect}: {unnamed:?}");
        let id = if several { format!(" {}", old.0) } else { String::new() };
        let new = parts(&json_of(&place, &format!("principal key rotate {of_jane}{id}"), ""));
        assert!(
            !buys(&server, dialect, &old.0, &old.1) && buys(&server, dialect, &new.0, &new.1),
            "{dialect}"
        );
        let other = several.then(|| parts(&json_of(&place, &format!("principal key create {of_jane}"), "")));
        run(&place, &format!("principal key revoke {of_jane} {} --yes", new.0), "").printed();
        assert!(!buys(&server, dialect, &new.0, &new.1), "{dialect}");
        let left = run(&place, &format!("principal key revoke {of_jane} --yes"), "");
        assert_eq!(left.code, Some(if several { 0 } else { 3 }), "{dialect}: {left:?}");
        if let Some((id, secret)) = other {
            assert!(!buys(&server, dialect, &id, &secret));
        }
    }
}

#[test]
fn a_key_from_elsewhere_buys_sessions_as_it_is() {
    let place = with_jane();
    let server = Server::start(&place);
    for (dialect, input, id, secret) in [
        // A colon is a letter of the key where a key has one part.
        (
            "control-room",
            r"Vie;Z:IvtAhY0\1RAD[SWl{NU7baRLYEeIYUJSKO",
            "",
            r"Vie;Z:IvtAhY0\1RAD[SWl{NU7baRLYEeIYUJSKO",
        ),
        ("datto-rmm", "OLDKEY:0123456789ABCDEFGHIJ", "OLDKEY", "0123456789ABCDEFGHIJ"),
        ("oauth", "jane:correct-horse-battery-staple", "jane", "correct-horse-battery-staple"),
    ] {
        let key = json_of(&place, &format!("principal key import jane --dialect {dialect} --text -"), input);
        assert!(buys(&server, dialect, id, secret), "{dialect}: {key}");
        assert!(!key.to_string().contains(secret), "whoever imports it has it: {key}");
    }
}

#[test]
fn what_a_service_signs_with_is_set_and_taken_away_by_every_reach() {
    let place = Place::with_store();
    run(&place, "principal create reports --kind service", "").printed();
    place.write("keys.json", SET);
    let tour = |variables: &[(&str, &str)]| {
        let run = |line: &str, input: &str| {
            let ran = place.run_with(&line.split(' ').collect::<Vec<_>>(), variables, input);
            (ran.code, ran.out, ran.err)
        };
        let said = |text: &str| (Some(0), String::new(), format!("{text}\n"));
        assert_eq!(run("principal keys reports --jwks keys.json", ""), said("reports signs with 1 key now."));
        assert_eq!(run("principal keys reports --jwks -", SET), said("reports signs with 1 key now."));
        let none = said("reports signs with 0 keys now.");
        assert_eq!(run("principal keys reports --remove --yes", ""), none);
        for (line, input, code, why) in [
            ("principal keys reports", "", 2, "--jwks"),
            ("principal keys reports --jwks keys.json --remove", "", 2, "cannot be used with"),
            ("principal keys reports --remove", "", 2, "add --yes"),
            ("principal keys nobody --jwks keys.json", "", 3, "there is no principal `nobody`"),
            ("principal keys reports --jwks nowhere.json", "", 2, "nowhere.json cannot be read"),
            ("principal keys reports --jwks -", "hush", 2, "- is no JWK set"),
            ("principal keys reports --jwks -", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, 2, "keys[0]"),
        ] {
            let (ended, out, err) = run(line, input);
            assert_eq!((ended, out.as_str()), (Some(code), ""), "{line}: {err}");
            assert!(err.contains(why), "{line}: {err}");
        }
    };
    tour(&[]);
    let server = Server::start(&place);
    tour(&[]);
    tour(&[("COUNTERFOIL_SERVER", &server.url()), ("COUNTERFOIL_TOKEN", &place.first_token())]);
    let lines = json_of(&place, "journal list --action principal.edit", "");
    assert_eq!(lines["items"].as_array().unwrap().len(), 9, "{lines}");
    assert!(lines.to_string().contains(r#""fields":["jwks"]"#), "{lines}");
    let dry = run(&place, "principal keys reports --remove --dry-run --no-header -o tsv", "").printed();
    assert!(dry.starts_with("PUT\t/v1/principals/") && dry.ends_with("/jwks\t{\"keys\":[]}\n"), "{dry}");
}
