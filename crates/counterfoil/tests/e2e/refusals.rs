//! What stops a start: one sentence, a code that is not zero, and everything left as it was. Never an empty store in the
//! place of one that could not be opened.

use crate::support::place::{Place, finish};
use crate::support::server::Server;
use std::process::Command;

/// Refuses to serve this place, for this reason, and changes nothing in it.
#[track_caller]
fn refused(place: &Place, why: &str) {
    let before: Vec<_> = database(place);
    let said = place.run(&["serve", "--listen", "127.0.0.1:0"]).refused();
    assert!(said.contains(why), "{said}");
    assert_eq!(database(place), before, "{said}");
    // The command line in process is no way around it.
    let said = place.run(&["token", "list"]).refused();
    assert!(said.contains(why), "{said}");
}

/// The database and its key, byte for byte, where they are files.
fn database(place: &Place) -> Vec<Option<Vec<u8>>> {
    ["counterfoil.db", "counterfoil.key"].map(|name| std::fs::read(place.file(name)).ok()).into()
}

fn sqlite(place: &Place, file: &str, words: &str) {
    finish(Command::new("sqlite3").arg(place.file(file)).arg(words), "").printed();
}

#[test]
fn a_key_without_its_store_or_a_store_without_its_key() {
    let place = Place::with_store();
    std::fs::rename(place.file("counterfoil.key"), place.file("key")).unwrap();
    refused(&place, "its root secret counterfoil.key is not; put it back");
    std::fs::rename(place.file("key"), place.file("counterfoil.key")).unwrap();
    std::fs::rename(place.file("counterfoil.db"), place.file("db")).unwrap();
    refused(&place, "its store sqlite:counterfoil.db is not; restore it");
    std::fs::rename(place.file("db"), place.file("counterfoil.db")).unwrap();
    Server::start(&place).stop();
}

#[test]
fn what_is_no_store_of_ours() {
    let place = Place::with_store();
    place.write("counterfoil.db", "");
    refused(&place, "counterfoil.db is empty, so it is no store");
    place.write("counterfoil.db", "garbage, and enough of it\n".repeat(1000));
    refused(&place, "counterfoil.db is not an SQLite database");
    std::fs::remove_file(place.file("counterfoil.db")).unwrap();
    sqlite(&place, "counterfoil.db", "CREATE TABLE theirs (column)");
    refused(&place, "counterfoil.db is the database of another program");
    std::fs::remove_file(place.file("counterfoil.db")).unwrap();
    std::fs::create_dir(place.file("counterfoil.db")).unwrap();
    refused(&place, "counterfoil.db is a directory");
}

#[test]
fn a_store_cut_short() {
    let place = Place::with_store();
    let bytes = place.read("counterfoil.db");
    place.write("counterfoil.db", &bytes[..bytes.len() / 2]);
    refused(&place, "counterfoil.db is damaged");
}

#[test]
fn a_newer_schema() {
    let place = Place::with_store();
    sqlite(&place, "counterfoil.db", "PRAGMA user_version = 99");
    refused(&place, "counterfoil.db has schema 99 and this build knows schemas up to 6");
}

#[test]
fn a_root_secret_that_is_another_or_a_poor_one_or_open_to_others() {
    let place = Place::with_store();
    let right = place.read("counterfoil.key");
    place.allow("counterfoil.key", 0o600);
    for (secret, why) in [
        ("5c9e0b77d1a64f3828ab90cfde135724", "was made with another root secret"),
        ("tiny", "root secret` is shorter than 32 bytes"),
        ("", "root secret` is shorter than 32 bytes"),
        ("aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb", "has fewer than 10 different bytes"),
        ("changeme-5c9e0b77d1a64f3828ab90cf", "looks like an example"),
    ] {
        place.write("counterfoil.key", secret);
        refused(&place, why);
        let said = place.run(&["serve"]).err;
        assert!(secret.is_empty() || !said.contains(secret), "{said}");
    }
    place.write("counterfoil.key", right);
    place.allow("counterfoil.key", 0o440);
    refused(&place, "can be read by others (mode 440); run `chmod 400 counterfoil.key`");
    place.allow("counterfoil.key", 0o400);
    Server::start(&place).stop();
}

#[test]
fn a_store_that_cannot_be_written() {
    let place = Place::with_store();
    for name in ["counterfoil.key", "counterfoil.db.lock", "counterfoil.db"] {
        std::os::unix::fs::chown(place.file(name), Some(65534), Some(65534)).unwrap();
    }
    let refused =
        || finish(place.program_as_nobody().args(["serve", "--listen", "127.0.0.1:0"]), "").refused();
    place.allow(".", 0o555);
    let why = refused();
    assert!(why.contains("counterfoil.db cannot be written ("), "a directory to read only: {why}");
    place.allow(".", 0o777);
    place.allow("counterfoil.db", 0o400);
    let why = refused();
    assert!(why.contains("counterfoil.db cannot be written ("), "a file to read only: {why}");
    // SQLite gives the log and its index the mode of the database, so they were made to read only too.
    for name in place.names().iter().filter(|name| name.starts_with("counterfoil.db")) {
        place.allow(name, 0o600);
    }
    Server::run(place.program_as_nobody().args(["serve", "--listen", "127.0.0.1:0"])).stop();
}

#[test]
fn a_directory_where_nothing_can_be_made() {
    let place = Place::new();
    let mut serve = place.program_as_nobody();
    place.allow(".", 0o555);
    let why = finish(serve.args(["serve", "--listen", "127.0.0.1:0"]), "").refused();
    assert!(why.contains("counterfoil.key") && why.contains("Permission denied"), "{why}");
    assert_eq!(place.names(), ["counterfoil"]);
}

#[test]
fn a_second_server_on_the_same_store() {
    let place = Place::with_store();
    let first = Server::start(&place);
    let why = place.run(&["serve", "--listen", "127.0.0.1:0"]).refused();
    assert!(why.contains("counterfoil.db is in use by another process"), "{why}");
    assert!(first.admin(&place).counts(&place.first_token()), "the first goes on");
    let operator = place.run(&["token", "list", "--no-header"]).printed();
    assert_eq!(operator.lines().count(), 1, "and its socket is still there");
}

#[test]
fn a_configuration_that_cannot_be_meant() {
    for made in [false, true] {
        let place = if made { Place::with_store() } else { Place::new() };
        let before = place.names();
        for (config, why) in [
            ("lissten = '127.0.0.1:0'", "counterfoil.toml, line 1: unknown field `lissten`"),
            ("listen = 'everywhere'", "counterfoil.toml, line 1: invalid socket address"),
            ("listen = '127.0.0.1:0'\nlog = 'no=such=filter'", "the log filter `no=such=filter` is wrong"),
            ("trusted_proxies = ['10.0.0.0/8', 'x']", "`x` is not a network such as 10.0.0.0/8"),
            ("store = 'postgres://u:hush@h/d'", "there is no store behind `postgres:`"),
            ("[[mount]]\ndialect = 'klingon'", "there is no dialect `klingon` to mount; there are native"),
            (
                "[[mount]]\ndialect = 'native'\n[[mount]]\ndialect = 'native'",
                "native (prefix \"\") and native (prefix \"\") both claim /",
            ),
            ("[[mount]]\ndialect = 'native'\nrealm = 'mars'", "the realm `mars`, which does not exist"),
            ("[[mount]]\ndialect = 'native'\nprefix = 'x'", "`x` does not begin with `/`"),
            (
                "[[mount]]\ndialect = 'ruvds'\nsettings = { rate_limt = 3 }",
                "the setting `rate_limt` of the mount of ruvds (prefix \"\") is not known; it has `lax_roles`",
            ),
            ("[[mount]]\ndialect = 'ruvds'\nsettings.lax_roles = 1", "`lax_roles` of the mount of ruvds"),
            ("[[mount]]\ndialect = 'oauth'\nsettings.lifetime = 'hush'", "must be a span: `0`, or a number"),
            ("public_url = 'tokens.example'", "must be a URL such as https://tokens.example"),
        ] {
            place.write("counterfoil.toml", config);
            let quiet = ["serve", "--listen", "127.0.0.1:0", "--log", "warn"];
            let flags = if config.contains("log =") || config.contains("listen =") { 1 } else { 5 };
            let said = place.run(&quiet[..flags]).refused();
            assert!(said.contains(why), "{config}: {said}");
            assert!(!said.contains("hush"), "{said}");
            std::fs::remove_file(place.file("counterfoil.toml")).unwrap();
            assert_eq!(place.names(), before, "{config}: nothing is made and nothing left");
        }
    }
}

#[test]
fn nobody_to_read_the_first_token() {
    let place = Place::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut serve = place.program();
    let child = serve.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]).stdout(full);
    let output = child.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("counterfoil: standard output cannot be written"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
