//! People from the command line: passwords, second factors, the keys of vendors' APIs, the sessions that they buy, and
//! what signs those.

use crate::support::http::Reply;
use crate::support::place::{PROGRAM, Place, Ran, finish};
use crate::support::server::Server;
use crate::support::text;
use serde_json::Value;
use std::process::Command;

/// Runs a line of the command line.
fn run(place: &Place, line: &str, input: &str) -> Ran {
    let variables = [("HUSH", "from the environment")];
    place.run_with(&line.split(' ').collect::<Vec<_>>(), &variables, input)
}

fn printed(place: &Place, line: &str) -> String {
    run(place, line, "").printed()
}

fn json(place: &Place, line: &str) -> Value {
    serde_json::from_str(&printed(place, &format!("{line} -o json"))).unwrap()
}

/// A place with `jane`, who may log in to Datto RMM.
fn with_jane() -> Place {
    let place = Place::with_store();
    printed(&place, "role create technician --scope datto-rmm.read --scope datto-rmm.write --number 7");
    printed(&place, "principal create jane --role technician");
    place
}

/// Asks for a session as Datto's clients do.
fn log_in(server: &Server, key: &str, secret: &str) -> Reply {
    let form = format!("grant_type=password&username={key}&password={secret}");
    let length = form.len();
    let mut connection = server.connect();
    let request = format!(
        "POST /auth/oauth/token HTTP/1.1\r\nHost: test\r\nAuthorization: Basic cHVibGljLWNsaWVudDpwdWJsaWM=\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    connection.send(request).unwrap();
    connection.reply().unwrap()
}

#[test]
fn a_password_is_spelt_in_four_ways() {
    let place = with_jane();
    place.write("file", "from a file\n");
    for (spelt, input) in [("-", "from standard input\n"), ("@file", ""), ("env:HUSH", "")] {
        let ran = run(&place, &format!("principal password jane --password {spelt}"), input);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
        let said = "The password of jane is set; sessions from before have ended.\n";
        assert_eq!(ran.err, said, "{spelt}");
    }
    let ran = run(&place, "principal password jane --password literally", "");
    assert_eq!(ran.code, Some(0));
    assert!(ran.err.contains("`ps`") && !ran.err.contains("literally"), "{ran:?}");
    let rows = json(&place, "journal list --action principal.password");
    assert_eq!(rows["items"].as_array().unwrap().len(), 4);

    for (line, code, why) in [
        ("principal password jane", 4, "a password is needed: give --password -"),
        ("principal password nobody --password env:HUSH", 3, "there is no principal `nobody`"),
        ("principal password jane --password short -q", 2, "8 to 1000 characters"),
        ("principal password jane --password env:NONE", 2, "NONE is not set"),
    ] {
        let ran = run(&place, line, "");
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        assert!(ran.refused().contains(why), "{line}");
    }
    let dry = printed(&place, "principal password jane --password env:HUSH --dry-run --no-header -o tsv");
    assert!(
        dry.starts_with("PUT\t/v1/principals/") && dry.ends_with("/password\t{\"password\":\"••••\"}\n"),
        "{dry}"
    );
}

/// What is typed blindly is asked for twice. `script` gives the program a terminal.
#[test]
fn without_a_spelling_the_password_is_asked_for_and_not_shown() {
    let place = with_jane();
    let type_in = |typed: &str| {
        let mut terminal = Command::new("script");
        let line = format!("{PROGRAM} principal password jane");
        finish(terminal.args(["-qec", &line, "/dev/null"]).current_dir(place.path()), typed)
    };
    let ran = type_in("correct horse\ncorrect house\n");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.out.contains("the two are not the same"), "{ran:?}");
    let ran = type_in("correct horse\ncorrect horse\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("a password (not shown): ") && ran.out.contains("is set"), "{ran:?}");
}

/// Whoever may not see principals still finds themself, and by that changes their own ways in.
#[test]
fn somebodys_own_token_is_enough_to_change_their_own_ways_in() {
    let place = with_jane();
    let server = Server::start(&place);
    let line = "token create t --scope datto-rmm.read --scope datto-rmm.write --principal jane -o value";
    let token = printed(&place, line);
    let (url, token) = (server.url(), token.trim());
    let run = |line: &str, input: &str| {
        let variables = [("COUNTERFOIL_SERVER", url.as_str()), ("COUNTERFOIL_TOKEN", token)];
        place.run_with(&line.split(' ').collect::<Vec<_>>(), &variables, input)
    };
    assert_eq!(run("principal password jane --password -", "correct horse").code, Some(0));
    assert!(run("principal get jane -o json", "").printed().contains(r#""username": "jane""#));
    assert!(run("principal key create jane --dialect datto-rmm", "").printed().contains("jane"));
    for line in
        ["principal get admin", "principal get nobody", "principal list", "principal edit jane --no-roles"]
    {
        let ran = run(line, "");
        assert_eq!(ran.code, Some(6), "{line}: {ran:?}");
        assert!(ran.refused().contains("counterfoil.principals."), "{line}");
    }
}

#[test]
fn a_second_factor_comes_and_goes() {
    let place = with_jane();
    let seed = json(&place, "principal totp jane enrol");
    assert_eq!(text(&seed, "seed").len(), 32);
    assert!(text(&seed, "uri").starts_with("otpauth://totp/Counterfoil:jane?secret="), "{seed}");
    let new = printed(&place, "principal totp jane enrol -o value");
    assert!(new.trim().len() == 32 && new.trim() != text(&seed, "seed"));
    let ran = run(&place, "principal totp jane remove", "");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.refused().contains("add --yes"));
    assert_eq!(printed(&place, "principal totp jane remove --yes"), "");
    assert_eq!(run(&place, "principal totp jane lose", "").code, Some(2));
}

#[test]
fn a_key_is_made_used_replaced_and_revoked() {
    let place = with_jane();
    let server = Server::start(&place);
    let key = json(&place, "principal key create jane --dialect datto-rmm");
    let (id, secret) = (text(&key, "key"), text(&key, "secret"));
    let jwt = text(&log_in(&server, &id, &secret).expect(200), "access_token");
    let admin = server.admin(&place);
    assert!(admin.counts(&jwt));

    let list = json(&place, "principal key list jane --dialect datto-rmm");
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["state"]), (&key["key"], &"active".into()));
    assert!(list["items"][0]["last_used"].is_string() || list["items"][0]["last_used"].is_object(), "{list}");

    // Where a principal holds one, a rotation replaces it with the sessions that it bought.
    let new = printed(&place, "principal key rotate jane --dialect datto-rmm -o value");
    assert!(!admin.counts(&jwt) && new.trim() != secret);
    assert_ne!(log_in(&server, &id, &secret).status, 200);
    let list = json(&place, "principal key list jane --dialect datto-rmm");
    let id = text(&list["items"][0], "id");
    log_in(&server, &id, new.trim()).expect(200);

    let narrow = json(&place, "principal key create jane --dialect datto-rmm --scope datto-rmm.read");
    let again = json(&place, "principal key rotate jane --dialect datto-rmm");
    let list = json(&place, "principal key list jane --dialect datto-rmm");
    assert_ne!(narrow["key"], again["key"]);
    assert_eq!(list["items"][0]["scopes"], serde_json::json!(["datto-rmm.read"]), "it is worth the same");

    for (line, code) in [
        ("principal key revoke jane --dialect datto-rmm", 2),
        ("principal key revoke jane NOKEY --dialect datto-rmm --yes", 3),
        ("principal key revoke jane --dialect datto-rmm --yes", 0),
        ("principal key revoke jane --dialect datto-rmm --yes", 3),
        ("principal key rotate jane --dialect datto-rmm", 3),
        ("principal key create nobody --dialect datto-rmm", 3),
        ("principal key create jane --dialect native", 2),
        ("principal key create jane --dialect datto-rmm --scope counterfoil.nothing", 2),
        ("principal key create jane --dialect datto-rmm -o env", 2),
        ("principal key list jane --dialect datto-rmm --fields nope", 2),
    ] {
        assert_eq!(run(&place, line, "").code, Some(code), "{line}");
    }
    assert!(!log_in(&server, &text(&again, "key"), &text(&again, "secret")).text().contains("access_token"));
}

#[test]
fn a_key_from_elsewhere_is_taken_over_as_it_is() {
    let place = with_jane();
    let server = Server::start(&place);
    let line = "principal key import jane --dialect datto-rmm --text -";
    let ran = run(&place, line, "OLDKEY:0123456789ABCDEFGHIJ\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("OLDKEY") && !ran.out.contains("0123456789"), "{ran:?}");
    log_in(&server, "OLDKEY", "0123456789ABCDEFGHIJ").expect(200);
    let value = run(&place, &format!("{line} -o value"), "NEWKEY:0123456789ABCDEFGHIJK").printed();
    assert_eq!(value, "NEWKEY\n");
    for (input, why) in [("0123456789ABCDEFGHIJ", "KEY:SECRET"), ("K:short", "20 to 1000")] {
        let ran = run(&place, line, input);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.refused().contains(why));
    }
    let dry = run(&place, &format!("{line} --dry-run -o tsv"), "KEY:0123456789ABCDEFGHIJ").printed();
    assert!(dry.contains("••••") && !dry.contains("0123456789"), "{dry}");
}

#[test]
fn sessions_are_listed_and_ended() {
    let place = with_jane();
    let server = Server::start(&place);
    printed(&place, "principal create john --role technician");
    let admin = server.admin(&place);
    let mut jwts = Vec::new();
    for name in ["jane", "john"] {
        let key = json(&place, &format!("principal key create {name} --dialect datto-rmm"));
        for _ in 0..2 {
            let jwt = log_in(&server, &text(&key, "key"), &text(&key, "secret")).expect(200);
            jwts.push(text(&jwt, "access_token"));
        }
    }
    let counting = || jwts.iter().map(|jwt| admin.counts(jwt)).collect::<Vec<_>>();
    let ids = |line: &str| printed(&place, line).lines().map(str::to_owned).collect::<Vec<_>>();
    let all = ids("session list -o value");
    assert_eq!(all.len(), 4);
    assert_eq!(ids("session list --principal jane -o value"), all[..2]);
    assert_eq!(ids("session list --limit 3 -o value"), all[..3]);
    for (line, code) in [
        ("session end", 2),
        (&*format!("session end {}", all[0]), 2),
        (&*format!("session end {} --all --yes", all[0]), 2),
        ("session end --all", 2),
        ("session end --principal nobody --yes", 3),
        ("session end 00000000-0000-0000-0000-000000000000 --yes", 3),
        (&*format!("session end {} --yes", all[0]), 0),
    ] {
        assert_eq!(run(&place, line, "").code, Some(code), "{line}");
    }
    assert_eq!(counting(), [false, true, true, true]);
    assert_eq!(ids("session list --live -o value"), all[1..]);
    let dry = printed(&place, "session end --principal john --dry-run --no-header -o tsv");
    assert_eq!(dry, "POST\t/v1/sessions/end\t{\"principal\":\"john\"}\n");
    assert_eq!(printed(&place, "session end --principal john --yes -o value"), "2\n");
    assert_eq!(counting(), [false, true, false, false]);
    assert_eq!(printed(&place, "session end --all --yes -o value"), "1\n");
    assert_eq!(counting(), [false; 4]);
}

#[test]
fn what_signs_is_rotated_and_retired() {
    let place = with_jane();
    let server = Server::start(&place);
    assert_eq!(json(&place, "key list")["items"], serde_json::json!([]), "none before it is needed");
    let key = json(&place, "principal key create jane --dialect datto-rmm");
    let jwt = log_in(&server, &text(&key, "key"), &text(&key, "secret")).expect(200);
    let old = printed(&place, "key list -o value").trim().to_owned();
    let new = printed(&place, "key rotate --dialect datto-rmm -o value").trim().to_owned();
    let states = printed(&place, "key list -o ndjson --fields kid,state");
    assert!(states.contains(&format!("{{\"kid\":\"{old}\",\"state\":\"retiring\"}}")), "{states}");
    assert!(states.contains(&format!("{{\"kid\":\"{new}\",\"state\":\"active\"}}")), "{states}");
    for (line, code) in [
        (&*format!("key retire -- {old}"), 2),
        (&*format!("key retire --yes -- {old}"), 5),
        (&*format!("key retire --yes -- {new}"), 5),
        ("key retire nothing --yes", 3),
        ("key rotate --dialect native", 2),
        ("key rotate --dialect datto-rmm --algorithm ES256", 2),
    ] {
        assert_eq!(run(&place, line, "").code, Some(code), "{line}");
    }
    assert!(server.admin(&place).counts(&text(&jwt, "access_token")), "what the old one signed counts");
    printed(&place, "session end --all --yes");
    assert_eq!(printed(&place, &format!("key retire --yes -- {old}")), "");
    assert_eq!(printed(&place, "key list -o value").trim(), new);
}

#[test]
fn a_disabled_principal_is_silent_everywhere_at_once() {
    let place = with_jane();
    let server = Server::start(&place);
    let key = json(&place, "principal key create jane --dialect datto-rmm");
    let ask = || log_in(&server, &text(&key, "key"), &text(&key, "secret"));
    let jwt = text(&ask().expect(200), "access_token");
    let token = printed(&place, "token create t --scope datto-rmm.read --principal jane -o value");
    let admin = server.admin(&place);
    assert!(admin.counts(&jwt) && admin.counts(token.trim()));
    printed(&place, "principal disable jane --yes");
    assert!(!admin.counts(&jwt) && !admin.counts(token.trim()));
    assert_ne!(ask().status, 200);
    printed(&place, "principal enable jane");
    assert!(admin.counts(token.trim()) && !admin.counts(&jwt), "what ended has ended");
    ask().expect(200);
}
