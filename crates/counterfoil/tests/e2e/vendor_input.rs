//! Bad input to the vendors' dialects as a real socket carries it: whatever is wrong, a refusal in that vendor's envelope
//! as JSON, never a 5xx, and nothing made or changed. Kept out: what single words and dates mean, which transcripts show.

use crate::support::http::{Client, Reply};
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::Value;

/// One vendor's tokens as an enemy sees them.
struct Target {
    all: &'static str,
    /// The member that names a token.
    id: &'static str,
    /// A body that is right.
    sound: &'static str,
    /// What a refusal looks like.
    refusal: fn(&Value, u16) -> bool,
}

const RUVDS: Target = Target {
    all: "/v2/tokens",
    id: "token_id",
    sound: r#"{"token_name":"n","token_role":"read"}"#,
    refusal: |said, _| {
        const WORDS: [&str; 5] = ["json_error", "auth_error", "not_found", "conflict", "unexpected_error"];
        said.as_object().is_some_and(|said| said.len() == 2)
            && said["message"].is_string()
            && WORDS.iter().any(|word| said["id"] == *word)
    },
};

const AGENTS: Target = Target {
    all: "/rest/agent-config/1.0/tokens",
    id: "uuid",
    sound: r#"{"name":"n","read":true,"change":false}"#,
    refusal: |said, status| {
        said.as_object().is_some_and(|said| said.len() == 2)
            && said["message"].is_string()
            && said["status-code"] == status
    },
};

impl Target {
    #[track_caller]
    fn refused(&self, reply: &Reply, statuses: &[u16], what: &str) {
        assert!(statuses.contains(&reply.status), "{what}: {} {}", reply.status, reply.text());
        let media_type = reply.header("content-type").unwrap_or_else(|| panic!("{what}: {reply:?}"));
        assert!(media_type.starts_with("application/json"), "{what}: {media_type}");
        assert!((self.refusal)(&reply.json(), reply.status), "{what}: {}", reply.text());
    }

    /// The sound body with one member more, which may be there already.
    fn with(&self, member: &str) -> Vec<u8> {
        format!("{},{member}}}", self.sound.trim_end_matches('}')).into_bytes()
    }
}

/// Attacks a server by both dialects, each with a token of its own at `one`. The journal knows of
/// no change afterwards, the log of nothing that broke.
fn besieged(attack: impl Fn(&Target, &Server, &Client, &str)) {
    let place = Place::with_store();
    let mounts = "[[mount]]\ndialect = 'native'\n[[mount]]\ndialect = 'agent-config'\n\
                  [[mount]]\ndialect = 'ruvds'\nsettings.rate_limit = 10000\n";
    place.write("counterfoil.toml", mounts);
    let server = Server::start(&place);
    let admin = server.admin(&place);
    for target in [RUVDS, AGENTS] {
        let made = admin.ask("POST", target.all, target.sound.as_bytes()).expect(200);
        let one = format!("{}/{}", target.all, text(&made, target.id));
        let before = admin.all("/v1/journal");
        attack(&target, &server, &admin, &one);
        assert_eq!(admin.all("/v1/journal"), before);
    }
    assert!(!server.log().contains(" ERROR ") && !server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn bodies_in_every_wrong_form() {
    besieged(|target, _, admin, one| {
        let sound = target.sound;
        let utf16: Vec<u8> = sound.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let deep = |open: &str, close: &str| {
            target.with(&format!("\"x\":{}{}", open.repeat(100_000), close.repeat(100_000)))
        };
        let bytes = |start: &[u8]| [b"{\"x\":\"", start, b"\"}"].concat();
        let name = sound.split('"').nth(1).unwrap();
        let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
        for body in [
            b" \r\n\t".to_vec(),
            b"null".to_vec(),
            b"0".to_vec(),
            b"\"{}\"".to_vec(),
            format!("[{sound}]").into_bytes(),
            format!("{sound}{sound}").into_bytes(),
            format!("{sound}\0").into_bytes(),
            format!("/**/{sound}").into_bytes(),
            format!("\u{feff}{sound}").into_bytes(),
            sound.replace('"', "'").into_bytes(),
            sound.replace('}', ",}").into_bytes(),
            [b"\xff\xfe".as_slice(), &utf16].concat(),
            utf16,
            target.with(&format!("\"{name}\":\"twice\"")),
            target.with(&format!("\"{escaped}\":\"twice\"")),
            target.with("\"x\":{\"y\":1,\"y\":2}"),
            target.with("\"x\":1e400"),
            target.with(&format!("\"x\":{}", "9".repeat(500_000))),
            target.with("\"x\":NaN"),
            target.with("\"x\":\"\\ud800\""),
            target.with("\"x\":\"\u{1}\""),
            deep("[", "]"),
            deep("{\"y\":", "}"),
            bytes(b"\xff"),
            bytes(b"\xc0\xaf"),
            bytes(b"\xed\xa0\x80"),
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(),
        ] {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            target.refused(&admin.ask("POST", target.all, &body), &[400], &shown);
            // A renewal takes no body, so it would be one.
            if target.id == "uuid" {
                target.refused(&admin.ask("PUT", one, &body), &[400], &shown);
            }
        }
        let long = vec![b' '; 1024 * 1024 + 1];
        target.refused(&admin.ask("POST", target.all, &long), &[400, 413], "too long");
        target.refused(&admin.ask("PUT", one, &long), &[400, 413], "too long");
    });
}

#[test]
fn methods_that_there_are_not() {
    besieged(|target, server, admin, one| {
        let deletes = if target.id == "uuid" { "GET, PUT, DELETE" } else { "GET, PUT" };
        for (path, allowed) in [(target.all, "GET, POST"), (one, deletes)] {
            for method in ["PATCH", "TRACE", "OPTIONS", "CONNECT", "BREW", "get", "POST", "PUT", "DELETE"] {
                if allowed.contains(method) {
                    continue;
                }
                for who in [admin, &Client::stranger(server.address)] {
                    let reply = who.ask(method, path, target.sound.as_bytes());
                    assert_eq!(reply.header("allow"), Some(allowed), "{method}");
                    target.refused(&reply, &[405], method);
                }
            }
            // What stands in a header is no method.
            let posed = admin.with("X-HTTP-Method-Override", "DELETE").with("X-HTTP-Method", "DELETE");
            posed.get(path).expect(200);
        }
    });
}

#[test]
fn ids_and_paths_that_are_none() {
    besieged(|target, _, admin, one| {
        let id = one.rsplit('/').next().unwrap();
        for (tail, status) in [
            ("0".to_owned(), 404),
            ("null".to_owned(), 404),
            (id.replace('-', ""), 404),
            (format!("{{{id}}}"), 404),
            (format!("urn:uuid:{id}"), 404),
            (format!("{id}%20"), 404),
            (format!("{id}/x"), 404),
            ("'%20or%201=1--".to_owned(), 404),
            ("😀".to_owned(), 404),
            ("%zz".to_owned(), 404),
            ("%".to_owned(), 404),
            ("*".to_owned(), 404),
            ("x".repeat(4_000), 404),
            ("x".repeat(9_000), 414),
            (format!("{id};x"), 400),
            (format!("%00{id}"), 400),
            (format!("{id}%0a"), 400),
            ("%ff".to_owned(), 400),
            ("%c0%ae".to_owned(), 400),
            ("%2F".to_owned(), 400),
            ("..".to_owned(), 400),
            (format!("%2e%2e/tokens/{id}"), 400),
        ] {
            for method in ["GET", "PUT"] {
                let reply = admin.ask(method, &format!("{}/{tail}", target.all), target.sound.as_bytes());
                target.refused(&reply, &[status], &tail);
            }
        }
        // What is too long to be an id may be a secret, and is not said again.
        let secret = admin.get(&format!("{}/{}", target.all, "s".repeat(40)));
        assert!(!secret.text().contains("sss"), "{}", secret.text());
    });
}

#[test]
fn headers_that_say_nothing_or_too_much() {
    besieged(|target, server, admin, _| {
        let stranger = Client::stranger(server.address);
        let sound = target.sound.as_bytes();
        let text = admin.header("Authorization").trim_start_matches("Bearer ").to_owned();
        for value in [
            "",
            "Bearer",
            "Basic",
            "Basic !!!",
            "Basic YWRtaW4=",
            "Basic Og==",
            "Digest username=\"admin\"",
            "Negotiate YWRtaW4=",
            "Bearer \u{ff}",
            &text,
            &format!("Api-Token {text}"),
            &format!("Bearer\t{text}"),
            &format!("Bearer \"{text}\""),
            &format!("Bearer {text} {text}"),
            &format!("Bearer {text}, Basic YWRtaW46eA=="),
            &format!("Bearer {}", "x".repeat(20_000)),
            &format!("Basic {}", "eHh4".repeat(5_000)),
        ] {
            let who = stranger.with("Authorization", value);
            target.refused(&who.ask("POST", target.all, sound), &[401], value);
        }
        let elsewhere = format!("{}?access_token={text}&uuid={text}", target.all);
        target.refused(&stranger.ask("POST", &elsewhere, sound), &[401], "in the query");
        for name in ["Cookie", "X-Authorization", "Proxy-Authorization", "X-Api-Token"] {
            let who = stranger.with(name, &format!("Bearer {text}"));
            target.refused(&who.ask("POST", target.all, sound), &[401], name);
        }
        let twice = admin.with("Authorization", "Basic YWRtaW46eA==");
        target.refused(&twice.ask("POST", target.all, sound), &[401], "two credentials");

        let keyed = |key: &str| admin.with("Idempotency-Key", key);
        for key in ["", "a b", "a\tb", "ключ", &"k".repeat(129)] {
            target.refused(&keyed(key).ask("POST", target.all, sound), &[400], key);
        }
        let twice = keyed("a").with("Idempotency-Key", "b");
        target.refused(&twice.ask("POST", target.all, sound), &[400], "two keys");
        let long = admin.with("X-Long", &"x".repeat(33 * 1024));
        target.refused(&long.ask("POST", target.all, sound), &[431], "a long head");
    });
}

#[test]
fn bodies_that_do_not_end_as_they_began() {
    besieged(|target, server, admin, _| {
        let head = |more: &str| {
            let head = String::from_utf8(admin.request("POST", target.all, b"")).unwrap();
            head.replace("Content-Length: 0\r\n", more)
        };
        for (more, body) in [
            ("Content-Length: 5\r\n", target.sound),
            ("Transfer-Encoding: chunked\r\n", "zz\r\n"),
            ("Transfer-Encoding: chunked\r\n", "5\r\n{\"tok\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            ("", ""),
        ] {
            let mut connection = server.connect();
            connection.send(format!("{}{body}", head(more))).unwrap();
            target.refused(&connection.reply().unwrap(), &[400], more);
        }
    });
}

#[test]
fn a_renewal_takes_any_body_or_none() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let made = admin.ask("POST", RUVDS.all, RUVDS.sound.as_bytes()).expect(200);
    let one = format!("{}/{}", RUVDS.all, text(&made, "token_id"));
    // R12: a length of nothing, no length at all, an object, and what is none.
    let explicit = String::from_utf8(admin.request("PUT", &one, b"")).unwrap();
    assert!(explicit.contains("Content-Length: 0\r\n"));
    let none = explicit.replace("Content-Length: 0\r\n", "");
    let object = String::from_utf8(admin.request("PUT", &one, b"{}")).unwrap();
    let garbage = String::from_utf8(admin.request("PUT", &one, b"{")).unwrap();
    for request in [explicit, none, object, garbage] {
        let mut connection = server.connect();
        connection.send(&request).unwrap();
        let renewed = connection.reply().unwrap().expect(200);
        assert_eq!(renewed["token_id"], made["token_id"]);
        server.client(&text(&renewed, "token_secret")).get(&one).expect(200);
    }
}

#[test]
fn a_lost_reply_to_a_renewal_is_had_again_whoever_asked_and_whatever_died() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let make = || {
        let made = admin.ask("POST", RUVDS.all, RUVDS.sound.as_bytes()).expect(200);
        (format!("{}/{}", RUVDS.all, text(&made, "token_id")), text(&made, "token_secret"))
    };
    let ((own, old), (other, _)) = (make(), make());
    let renew = |server: &Server, who: &str, one: &str, key: &str| {
        server.client(who).with("Idempotency-Key", key).ask("PUT", one, b"")
    };
    let by_itself = renew(&server, &old, &own, "k").expect(200);
    let by_another = renew(&server, &place.first_token(), &other, "k").expect(200);
    server.kill();
    let server = Server::start(&place);
    for _ in 0..2 {
        assert_eq!(renew(&server, &old, &own, "k").expect(200), by_itself);
        assert_eq!(renew(&server, &place.first_token(), &other, "k").expect(200), by_another);
    }
    for (one, renewed) in [(&own, &by_itself), (&other, &by_another)] {
        server.client(&text(renewed, "token_secret")).get(one).expect(200);
    }
    // The spent secret opens nothing but that one reply.
    RUVDS.refused(&renew(&server, &old, &own, "l"), &[401], "another key");
    RUVDS.refused(&renew(&server, &old, &other, "k"), &[401], "another token");
    RUVDS.refused(&server.client(&old).with("Idempotency-Key", "k").get(&own), &[401], "another call");
    RUVDS.refused(&server.client(&old).ask("PUT", &own, b""), &[401], "no key");
}
