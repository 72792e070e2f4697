//! Profiles: which one is meant, where its secret is kept, and that it goes nowhere else.

use crate::support::place::Place;
use crate::support::raw::{Raw, reply};

#[test]
fn our_own_token_goes_to_no_vendor() {
    let raw = Raw::saying(vec![reply("200 OK", r#"{"tokens":[]}"#)]);
    let url = raw.url();
    let place = Place::new();
    let ours = [("COUNTERFOIL_TOKEN", "cf_hush"), ("COUNTERFOIL_SERVER", "http://127.0.0.1:1")];
    let ran = place.run_with(&["ruvds", "tokens", "list", "--server", &url], &ours, "");
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.refused().contains("a token for RUVDS is needed: give --token -"), "what to give");
    // A profile of ours is none of theirs either.
    place.write("hush", "cf_hush");
    place.write_profiles("[profile.default]\nserver = 'http://127.0.0.1:1'\ntoken_file = '../../hush'\n");
    let ran = place.run(&["ruvds", "tokens", "list", "--server", &url]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(raw.heard(), Vec::<String>::new());
}

#[test]
fn what_a_profile_keeps_goes_to_its_own_server_only() {
    let raw = Raw::saying(vec![reply("200 OK", r#"{"tokens":[]}"#)]);
    let (place, url) = (Place::new(), raw.url());
    place.write("hush", "hush");
    let secret = "secret = { file = '../../hush' }";
    place.write_profiles(&format!(
        "[profile.default]\nserver = 'http://127.0.0.1:1'\n{secret}\n\
         [profile.vds]\nvendor = 'ruvds'\n{secret}\n\
         [profile.rmm]\nvendor = 'datto-rmm'\nserver = 'http://127.0.0.1:1'\nkey = 'K'\n{secret}\n\
         [profile.room]\nvendor = 'control-room'\nserver = 'http://127.0.0.1:1'\nusername = 'jdoe'\n{secret}\n"
    ));
    for (line, why) in [
        (
            format!("token list --server {url}"),
            "what the profile `default` keeps is for http://127.0.0.1:1 only",
        ),
        (
            format!("ruvds tokens list --server {url}"),
            "the profile `vds` keeps is for https://api.ruvds.com only",
        ),
        (format!("datto request-access-token --api-uri {url}"), "`rmm` keeps is for http://127.0.0.1:1 only"),
        ("datto request-access-token --api-key L".to_owned(), "`rmm` keeps is that of K"),
        (format!("control-room authenticate --server {url}"), "`room` keeps is for http://127.0.0.1:1 only"),
        ("control-room authenticate --username solo".to_owned(), "`room` keeps is that of jdoe"),
    ] {
        let ran = place.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(4), "{line}: {ran:?}");
        let said = ran.refused();
        assert!(said.contains(why) && said.contains(" is needed: give "), "{said}");
    }
    // A variable is no better than a flag; a secret that is said goes where it is said.
    let elsewhere = [("COUNTERFOIL_RUVDS_SERVER", url.as_str())];
    let list = ["ruvds", "tokens", "list"];
    assert_eq!(place.run_with(&list, &elsewhere, "").code, Some(4));
    let said = [&list[..], &["--token", "-"]].concat();
    place.run_with(&said, &elsewhere, "said").printed();
    let heard = raw.heard();
    assert!(heard.len() == 1 && heard[0].contains("authorization: Bearer said\r\n"), "{heard:?}");
}

#[test]
fn a_profile_is_chosen_by_vendor_or_by_name() {
    let place = Place::with_store();
    place.write("secret", "hush");
    let profile = |name: &str, vendor: &str| {
        format!(
            "[profile.{name}]\nvendor = '{vendor}'\nserver = 'http://127.0.0.1:1'\nsecret = {{ file = '../../secret' }}\n"
        )
    };
    place.write_profiles(
        &[profile("one", "ruvds"), profile("two", "ruvds"), profile("three", "dynatrace")].concat(),
    );
    let said = |line: &str| place.run(&line.split(' ').collect::<Vec<_>>()).refused();
    assert!(
        said("ruvds tokens list")
            .contains("several profiles for ruvds: choose with --profile one of one, two")
    );
    assert!(said("ruvds tokens list --profile two").contains("cannot be reached"));
    assert!(said("ruvds tokens list --profile three").contains("is for dynatrace, not for ruvds"));
    assert!(said("dynatrace api-tokens list").contains("cannot be reached"));
    assert!(
        said("token list --profile three")
            .contains("is for dynatrace; this command asks a Counterfoil server")
    );
    assert_eq!(
        place.run(&["token", "list", "--no-header"]).printed().lines().count(),
        1,
        "the store is ours"
    );
    place.write_profiles("[profile.x]\nvendor = 'ruvds'\nsecret = 'hush'\n");
    let said = said("ruvds tokens list");
    assert!(said.contains("write where the secret is kept") && !said.contains("hush"), "{said}");
}

#[test]
fn a_program_that_keeps_secrets_is_asked() {
    let place = Place::new();
    let raw = Raw::saying(vec![reply("200 OK", r#"{"tokens":[]}"#)]);
    let with = |secret: &str| {
        let url = raw.url();
        place
            .write_profiles(&format!("[profile.x]\nvendor = 'ruvds'\nserver = '{url}'\nsecret = {secret}\n"));
        place.run(&["ruvds", "tokens", "list"])
    };
    with("{ command = ['sh', '-c', 'echo from a program'] }").printed();
    for (secret, why) in [
        ("{ command = ['sh', '-c', 'echo hush; exit 3'] }", "`sh …` failed: exit status: 3"),
        ("{ command = ['no-such-program', 'hush'] }", "`no-such-program …` cannot be run"),
        ("{ command = ['true', 'hush'] }", "`true …` printed no secret"),
        ("{ env = 'NOT_SET' }", "the variable NOT_SET is not set"),
        ("{ file = 'nowhere' }", "nowhere cannot be read"),
    ] {
        let said = with(secret).refused();
        assert!(said.contains(why) && !said.contains("hush"), "{said}");
        assert!(said.contains("the profile `x`: "), "{said}");
    }
    let heard = raw.heard();
    assert!(heard.len() == 1 && heard[0].contains("authorization: Bearer from a program\r\n"), "{heard:?}");
}
