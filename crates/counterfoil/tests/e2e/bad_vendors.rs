//! Vendors that answer badly, or not at all: one sentence, with what to do and without a secret; and nothing is done twice.

use crate::support::place::{Place, Ran};
use crate::support::raw::{Raw, reply};
use crate::support::server::Server;
use crate::tls::certify;
use std::net::TcpListener;

/// The credential of every request here.
const TOKEN: &str = "dt0c01.HUSHHUSHHUSHHUSHHUSHHUSH.HUSH/+é";

const LIST: &[&str] = &["dynatrace", "api-tokens", "list"];
const CREATE: &[&str] = &["dynatrace", "api-tokens", "create", "n", "--scope", "metrics.read", "-o", "value"];

fn run(url: &str, line: &[&str]) -> Ran {
    let place = Place::new();
    let line = [line, &["--server", url, "--token", "-"]].concat();
    let ran = place.run_with(&line, &[], TOKEN);
    assert!(!ran.err.contains("HUSH"), "{ran:?}");
    ran
}

/// Runs against these answers; how it ended, and how many requests it took.
fn against(answers: Vec<Vec<u8>>, line: &[&str]) -> (Ran, usize) {
    let raw = Raw::saying(answers);
    let ran = run(&raw.url(), line);
    (ran, raw.heard().len())
}

#[track_caller]
fn sentence(ran: Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    let said = ran.refused();
    assert!(said.starts_with("counterfoil: Dynatrace at http"), "{said}");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
}

fn good_list() -> Vec<u8> {
    reply("200 OK\nContent-Type: application/json", r#"{"totalCount":0,"pageSize":200,"apiTokens":[]}"#)
}

fn good_create() -> Vec<u8> {
    reply("201 Created\nContent-Type: application/json", r#"{"id":"dt0c01.X","token":"dt0c01.X.Y"}"#)
}

#[test]
fn what_is_no_answer_is_told_by_what_it_is() {
    let json = "200 OK\nContent-Type: application/json";
    for (head, body, code, part) in [
        (
            "200 OK\nContent-Type: text/html",
            "<!doctype html><h1>Sign in</h1>",
            1,
            "200 OK with a web page where JSON belongs; check the address",
        ),
        ("200 OK", "", 1, "200 OK with nothing where JSON belongs; check the address"),
        (json, r#"{"totalCount":1,"apiTok"#, 1, "200 OK with JSON that ends in the middle"),
        (json, r#"{"items":[]}"#, 1, "200 OK with JSON of another shape, at line 1, column 12"),
        (json, "HUSH", 1, "200 OK with something that is not JSON"),
        (
            "404 Not Found\nContent-Type: text/html",
            "<h1>HUSH</h1>",
            3,
            "answered 404 Not Found; check the id, and the address",
        ),
        (
            "503 Service Unavailable\nRetry-After: 86400",
            "",
            1,
            "answered 503 Service Unavailable; try again later",
        ),
        (
            "418 I'm a teapot",
            r#"{"error":{"code":418,"message":"HUSH dt0c01.HUSHHUSHHUSHHUSHHUSHHUSH.HUSH/+é"}}"#,
            1,
            "418",
        ),
    ] {
        let body = body.replace("HUSH dt0c01", "no dt0c01");
        let (ran, asked) = against(vec![reply(head, &body)], LIST);
        assert_eq!(asked, 1, "{head}");
        if head.starts_with("418") {
            assert!(ran.err.contains("answered 418 I'm a teapot: no ••••;"), "{ran:?}");
        }
        sentence(ran, code, &[part, "/api/v2/apiTokens "]);
    }
}

#[test]
fn what_a_vendor_says_is_one_line_and_no_part_of_a_secret() {
    let answer = |said: &str| {
        let body = serde_json::json!({ "error": { "code": 400, "message": said } }).to_string();
        vec![reply("400 Bad Request\nContent-Type: application/json", &body)]
    };
    let (ran, _) = against(answer("no\r\ncounterfoil: all is well\u{2028}\u{85}Done.\n"), LIST);
    sentence(ran, 2, &[": no counterfoil: all is well Done; check what was asked for"]);
    // Wherever the sentence is cut, it is not cut within a secret.
    for before in 285..300 {
        let (ran, _) = against(answer(&("x".repeat(before) + TOKEN)), LIST);
        sentence(ran, 2, &["xxx"]);
    }
    // A secret that is cut begins with what is none.
    let (ran, _) = against(answer(&("x".repeat(290) + TOKEN)), LIST);
    assert!(!ran.err.contains("dt0c01"), "{ran:?}");
}

#[test]
fn a_connection_that_breaks_is_tried_again_only_where_that_is_harmless() {
    let half =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"totalCount\":"
            .to_vec();
    for broken in [Vec::new(), half, b"HTTP/1.1 200".to_vec(), b"220 mail.example ESMTP\r\n".to_vec()] {
        let (ran, asked) = against(vec![broken.clone(); 3], LIST);
        assert_eq!(asked, 3);
        sentence(ran, 7, &["broke its answer off", "; try again later"]);
        let (ran, asked) = against(vec![broken.clone(), good_list()], LIST);
        assert_eq!((ran.code, asked), (Some(0), 2), "{ran:?}");
        let (ran, asked) = against(vec![broken, good_create()], CREATE);
        assert_eq!(asked, 1, "a token might be made twice");
        sentence(
            ran,
            7,
            &["broke its answer off", "; it may have been carried out: look before you repeat it"],
        );
    }
}

#[test]
fn a_short_pause_is_kept_and_a_long_one_is_told() {
    let many = |after: &str| reply(&format!("429 Too Many Requests\nRetry-After: {after}"), "");
    // What was refused as one too many was not carried out.
    let (ran, asked) = against(vec![many("0"), many("0"), good_create()], CREATE);
    assert_eq!((ran.code, ran.out.as_str(), asked), (Some(0), "dt0c01.X.Y\n", 3));
    let (ran, asked) = against(vec![many("0"); 3], CREATE);
    assert_eq!(asked, 3);
    sentence(ran, 6, &["answered 429 Too Many Requests; it asks to wait 0 s"]);
    for (after, part) in [
        ("3600", "asks to wait 3600 s: try again after 2"),
        ("Tue, 31 Dec 2199 23:59:59 GMT", "try again after 2199-12-31T23:59:59"),
    ] {
        let (ran, asked) = against(vec![many(after), good_list()], LIST);
        assert_eq!(asked, 1);
        sentence(ran, 6, &["answered 429 Too Many Requests", part]);
    }
    let down = || reply("503 Service Unavailable\nRetry-After: 0", "");
    assert_eq!(against(vec![down(), good_list()], LIST).0.code, Some(0));
    let (ran, asked) = against(vec![down(), good_create()], CREATE);
    assert_eq!(asked, 1);
    sentence(ran, 1, &["503 Service Unavailable; it may have been carried out"]);
}

#[test]
fn a_redirection_is_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let other = Raw::saying(vec![good_list()]);
        let to = format!("{status}\nLocation: {}/api/v2/apiTokens?api-token=HUSH", other.url());
        let (ran, asked) = against(vec![reply(&to, "")], LIST);
        let points = format!(
            "{status} and points to {}/api/v2/apiTokens; credentials are not carried elsewhere",
            other.url()
        );
        sentence(ran, 1, &[&points]);
        assert_eq!((asked, other.heard().len()), (1, 0));
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[\"";
    let (ran, asked) = against(vec![[head.as_bytes(), &vec![b'x'; 17 << 20]].concat()], LIST);
    assert_eq!(asked, 1);
    sentence(ran, 1, &["answered with more than 16 MiB; check the address"]);
}

#[test]
fn pages_without_end_are_not_read_to_their_end() {
    let page = r#"{"totalCount":1,"pageSize":1,"apiTokens":[],"nextPageKey":"more"}"#;
    let page = reply("200 OK\nContent-Type: application/json", page);
    let (ran, asked) = against(vec![page; 1100], LIST);
    assert_eq!((ran.code, asked), (Some(1), 1000));
    assert!(ran.refused().contains("more than 1000 pages"));
}

#[test]
fn our_own_server_is_not_heard_without_end_either() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[\"";
    let raw = Raw::saying(vec![[head.as_bytes(), &vec![b'x'; 65 << 20]].concat()]);
    let ran = Place::new().run_with(&["token", "list", "--server", &raw.url(), "--token", "-"], &[], TOKEN);
    assert_eq!(ran.code, Some(1));
    assert!(ran.refused().contains("answered with more than 64 MiB"));
    assert_eq!(raw.heard().len(), 1);
}

#[test]
fn an_id_leads_nowhere_else() {
    for id in ["..", "."] {
        let delete = ["dynatrace", "api-tokens", "delete", id, "--yes", "-q"];
        let (ran, asked) = against(vec![good_list()], &delete);
        assert_eq!((ran.code, asked), (Some(2), 0), "{ran:?}");
        let raw = Raw::saying(vec![good_list()]);
        let revoke = ["token", "revoke", id, "--yes", "--server", &raw.url(), "--token", "-"];
        assert_eq!(Place::new().run_with(&revoke, &[], TOKEN).code, Some(2), "`{id}`");
        assert!(raw.heard().is_empty());
    }
}

#[test]
fn nobody_there_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    sentence(
        run(&format!("http://{address}"), LIST),
        7,
        &["cannot be reached", "refused", "; check the address, and that it runs"],
    );
    sentence(
        run("http://no-such-host.invalid", CREATE),
        7,
        &["at http://no-such-host.invalid/api", "cannot be reached"],
    );
    let plain = Raw::saying(vec![Vec::new()]);
    sentence(
        run(&format!("https://{}", plain.address), CREATE),
        7,
        &["at https://127.0.0.1", "; check the address"],
    );
    plain.heard();
}

#[test]
fn a_certificate_counts_if_its_authority_is_named() {
    let place = Place::with_store();
    certify(&place, "one", "ec");
    let server = Server::start_with(&place, &["--tls-cert", "one.pem", "--tls-key", "one.key"]);
    let ran = place.run(&["dynatrace", "api-tokens", "list", "--server", &server.url(), "--token", "@first"]);
    sentence(
        ran,
        7,
        &["shows a certificate that is not trusted", "name its authority with ca_file in the profile"],
    );
    let profile = |ca_file: &str| {
        let url = server.url();
        place.write_profiles(&format!(
            "[profile.d]\nvendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ file = '../../first' }}\nca_file = '{ca_file}'\n"
        ));
    };
    profile("../../one.pem");
    place.run(LIST).printed();
    for (wrong, why) in [("../../one.key", "holds no certificate"), ("nowhere.pem", "No such file")] {
        profile(wrong);
        let said = place.run(LIST).refused();
        assert!(said.contains("ca_file ") && said.contains(why), "{said}");
    }
}

#[test]
fn each_vendor_is_called_by_its_name() {
    let page = || vec![reply("200 OK\nContent-Type: text/html", "<html>")];
    for (line, name) in [
        (
            &["datto", "request-access-token", "--api-key", "k", "--api-secret-key", "HUSH", "-q"][..],
            "Datto RMM at ",
        ),
        (&["ruvds", "tokens", "list", "--token", "HUSH", "-q"], "RUVDS at "),
        (&["agent-config", "tokens", "list", "--token", "HUSH", "-q"], "Bamboo's agent-config at "),
        (&["control-room", "validate", "--token", "HUSH", "-q"], "Control Room at "),
        (&["dynatrace", "api-tokens", "lookup", "HUSH", "--token", "HUSH", "-q"], "Dynatrace at "),
    ] {
        let raw = Raw::saying(page());
        let ran = Place::new().run(&[line, &["--server", &raw.url()]].concat());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let said = ran.refused();
        assert!(
            said.starts_with(&format!("counterfoil: {name}{}/", raw.url())) && !said.contains("HUSH"),
            "{said}"
        );
        raw.heard();
    }
}
