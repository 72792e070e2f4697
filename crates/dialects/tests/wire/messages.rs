//! The messages of Envoy's authorization API are those of its definition. `UPDATE_MESSAGES=1 cargo test` makes them anew.

use std::fs;
use std::path::Path;

const FIRST: &str = "//! Made of `proto/ext_authz.proto`; a test holds it to that. Not to be edited.\n\n";

#[test]
fn the_messages_are_made_of_their_definition() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = protox::compile(["ext_authz.proto"], [here.join("proto")]).unwrap();
    let aside = Path::new(env!("CARGO_TARGET_TMPDIR"));
    prost_build::Config::new().out_dir(aside).compile_fds(set).unwrap();
    let made = fs::read_to_string(aside.join("envoy.service.auth.v3.rs")).unwrap();
    let (made, file) = (FIRST.to_owned() + &made, here.join("src/gateway/messages.rs"));
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        fs::write(&file, &made).unwrap();
    }
    assert!(fs::read_to_string(&file).unwrap() == made, "UPDATE_MESSAGES=1 makes it anew");
}
