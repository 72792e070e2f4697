//! HTTPS with a certificate that `openssl` makes and `curl` checks, and a new one without a restart.

use crate::support::place::{Place, finish};
use crate::support::server::Server;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Makes a certificate for this machine that signs itself, and its key.
pub(crate) fn certify(place: &Place, name: &str, kind: &str) {
    let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-noenc", "-days", "2", "-subj", "/CN=counterfoil", "-newkey", kind]);
    if kind == "ec" {
        openssl.args(["-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    openssl.args([
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-out",
        &cert,
        "-keyout",
        &key,
    ]);
    finish(openssl.current_dir(place.path()), "").printed();
}

/// Starts a server with the pair `server.pem` and `server.key`.
fn serve(place: &Place) -> Server {
    Server::start_with(place, &["--tls-cert", "server.pem", "--tls-key", "server.key"])
}

/// Puts another pair where the server's is.
fn install(place: &Place, name: &str) {
    place.write("server.pem", place.read(&format!("{name}.pem")));
    place.write("server.key", place.read(&format!("{name}.key")));
}

/// What `curl` gets, trusting only this certificate: its exit code, and the protocol and status.
fn curl(place: &Place, server: &Server, trusted: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "-o",
        "body",
        "-w",
        "%{http_version} %{http_code}",
        "--cacert",
        &format!("{trusted}.pem"),
    ]);
    let ran = finish(curl.args(more).arg(format!("{}/readyz", server.url())).current_dir(place.path()), "");
    (ran.code, ran.out)
}

/// Of what `curl` ends with when it does not trust the certificate.
const NOT_TRUSTED: Option<i32> = Some(60);

/// Tells the server to read its certificate anew and waits for what its log says of that, for the so-manieth time.
fn reread(place: &Place, server: &Server, times: usize, expected: &str) {
    server.signal("HUP");
    let mut follow = Command::new("timeout");
    follow.args(["60", "tail", "-n", "+1", "-f", "stderr"]).current_dir(place.path()).stdout(Stdio::piped());
    let mut child = follow.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.filter(|line| line.contains("the certificate ")).nth(times - 1).unwrap();
    assert!(said.contains(expected), "{said}");
    // So that it takes `tail` along.
    finish(Command::new("kill").arg(child.id().to_string()), "");
    child.wait().unwrap();
}

#[test]
fn curl_is_served_over_both_versions_of_tls_and_of_http() {
    let place = Place::with_store();
    certify(&place, "one", "rsa:2048");
    certify(&place, "other", "ec");
    install(&place, "one");
    let server = serve(&place);
    assert!(server.url().starts_with("https://127.0.0.1:"));
    for (more, version) in [
        (&["--http1.1"][..], "1.1"),
        (&["--http2"], "2"),
        (&["--tls-max", "1.2"], "2"),
        (&["--tlsv1.3"], "2"),
    ] {
        assert_eq!(curl(&place, &server, "one", more), (Some(0), format!("{version} 200")), "{more:?}");
    }
    assert_eq!(curl(&place, &server, "other", &[]).0, NOT_TRUSTED);
    let old = curl(&place, &server, "one", &["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]);
    assert_ne!(old.0, Some(0), "TLS 1.1 is over");
    // Whoever speaks plainly is understood by nobody, and does no harm.
    let mut plain = server.connect();
    plain.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(!plain.rest().starts_with(b"HTTP/"));
    assert_eq!(curl(&place, &server, "one", &[]).0, Some(0));
    // Somebody who says nothing does not hold the end up.
    let silent = server.connect();
    server.stop();
    drop(silent);
}

#[test]
fn a_server_without_a_certificate_minds_no_hangup() {
    let place = Place::with_store();
    let server = Server::start(&place);
    server.signal("HUP");
    let mut connection = server.connect();
    connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(connection.reply().unwrap().status, 200);
    server.stop();
    assert!(String::from_utf8(place.read("stderr")).unwrap().contains("no certificate to read anew"));
}

#[test]
fn a_new_certificate_is_taken_without_a_restart_and_a_bad_one_is_not() {
    let place = Place::with_store();
    certify(&place, "one", "rsa:2048");
    certify(&place, "two", "ec");
    install(&place, "one");
    let server = serve(&place);
    assert_eq!(curl(&place, &server, "one", &[]).0, Some(0));
    install(&place, "two");
    assert_eq!(curl(&place, &server, "one", &[]).0, Some(0), "not before it is told");
    reread(&place, &server, 1, "was read anew");
    assert_eq!(curl(&place, &server, "two", &[]).0, Some(0));
    assert_eq!(curl(&place, &server, "one", &[]).0, NOT_TRUSTED);
    // A certificate without its key, and no certificate at all.
    place.write("server.pem", place.read("one.pem"));
    reread(&place, &server, 2, "server.key is no key for server.pem");
    place.write("server.pem", "nonsense");
    reread(&place, &server, 3, "server.pem cannot be used for HTTPS");
    assert_eq!(curl(&place, &server, "two", &[]).0, Some(0));
    server.stop();
}

#[test]
fn the_command_line_asks_over_https_and_the_issuer_says_so() {
    let place = Place::with_store();
    certify(&place, "one", "ec");
    install(&place, "one");
    let server = serve(&place);
    let url = format!("{}/.well-known/oauth-authorization-server", server.url());
    let mut curl = Command::new("curl");
    let asked = curl.args(["-sS", "--cacert", "one.pem", &url]).current_dir(place.path());
    let metadata: serde_json::Value = serde_json::from_str(&finish(asked, "").printed()).unwrap();
    assert_eq!(metadata["issuer"], server.url());
    // A certificate that nobody vouches for is refused, with a sentence.
    let ran = place.run(&["token", "list", "--server", &server.url(), "--token", "@first"]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.refused().contains("certificate"), "a reason is given");
}

#[test]
fn a_pair_that_does_not_fit_is_one_sentence_at_start_and_makes_no_store() {
    let place = Place::new();
    certify(&place, "one", "ec");
    certify(&place, "two", "ec");
    place.write("empty.pem", "");
    for (cert, key, why) in [
        ("one.pem", "two.key", "two.key is no key for one.pem"),
        ("missing.pem", "one.key", "missing.pem cannot be used for HTTPS"),
        ("empty.pem", "one.key", "it holds no certificate"),
        ("one.pem", "one.pem", "one.pem cannot be used for HTTPS"),
    ] {
        let ran = place.run(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key]);
        assert!(ran.refused().contains(why), "{cert} {key}");
    }
    assert!(!place.names().iter().any(|name| name.starts_with("counterfoil")), "{:?}", place.names());
}

#[test]
fn an_open_address_without_tls_is_warned_about() {
    let place = Place::with_store();
    certify(&place, "one", "ec");
    let loud = "EVERYBODY ON THE WAY CAN READ EVERY TOKEN";
    let start = |more: &[&str]| {
        let arguments = ["serve", "--listen", "0.0.0.0:0"];
        let server = Server::run(place.program().args(arguments).args(more));
        let log = server.log();
        server.stop();
        place.write("stderr", "");
        log
    };
    assert!(start(&[]).contains(loud));
    assert!(!start(&["--trusted-proxies", "10.0.0.1"]).contains(loud));
    assert!(!start(&["--tls-cert", "one.pem", "--tls-key", "one.key"]).contains(loud));
}

#[test]
fn our_own_server_may_have_an_authority_that_the_profile_names() {
    let place = Place::with_store();
    certify(&place, "server", "ec");
    let server = serve(&place);
    let profile = |more: &str| {
        let url = server.url();
        place.write_profiles(&format!(
            "[profile.default]\nserver = '{url}'\ntoken_file = '../../first'\n{more}\n"
        ));
        place.run(&["token", "list", "--no-header"])
    };
    let said = profile("").refused();
    assert!(said.contains("nobody whom this machine trusts has signed it"), "{said}");
    assert!(said.contains("name its authority with ca_file in the profile"), "{said}");
    assert_eq!(profile("ca_file = '../../server.pem'").printed().lines().count(), 1);
}
