//! The vendors' pages as they are printed: their cmdlets typed at our command line, against our own server.

use crate::round_trips::House;
use crate::support::place::{PROGRAM, Ran, finish};
use crate::support::text;
use serde_json::{Value, json};
use std::process::Command;

/// Runs a line of shell with the program on the path.
fn shell(house: &House, line: &str) -> Ran {
    let path = std::path::Path::new(PROGRAM).parent().unwrap();
    let mut bash = house.place.here(Command::new("timeout"));
    bash.env("PATH", format!("{}:/usr/bin:/bin", path.display()));
    finish(bash.args(["60", "bash", "-c", line]), "")
}

fn datto() -> (House, String, String) {
    let house = House::new();
    let made = house.key(&house.somebody("celerium", &["datto-rmm.read", "datto-rmm.write"]), "datto-rmm");
    let (key, secret) = (text(&made, "key"), text(&made, "secret"));
    (house, key, secret)
}

#[test]
fn the_page_of_request_dattormmaccesstoken() {
    let (house, key, secret) = datto();
    let url = house.server.url();
    // Example 2: it prints nothing, and keeps what it was given for the next one.
    let example = format!(
        "counterfoil Request-DattoRMMAccessToken -ApiUri '{url}' -ApiKey '{key}' -ApiSecretKey '{secret}'"
    );
    let ran = shell(&house, &example);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
    assert_eq!(house.place.mode("cache/counterfoil/sessions/datto-rmm-module.json"), 0o600);
    let out = shell(&house, "counterfoil Request-DattoRMMAccessToken -OutVariable o -ErrorVariable e");
    assert_eq!(out.printed(), "e=''\no=''\n", "it puts nothing out");
    assert!(
        shell(&house, "counterfoil help Request-DattoRMMAccessToken").printed().contains("remove that file")
    );
    // What it keeps goes nowhere else.
    let ran = shell(&house, "counterfoil Request-DattoRMMAccessToken -ApiUri http://127.0.0.1:1 < /dev/null");
    assert!(ran.refused().contains("the API key is missing"), "nor does the key");
    // Example 1: everything is defined already.
    let ran = shell(&house, "counterfoil request-dattormmaccesstoken");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
    // Example 3: what comes through the pipeline is the address; the page's is none.
    let piped = |address: &str| {
        shell(
            &house,
            &format!(
                "echo '{address}' | counterfoil Request-DattoRMMAccessToken -ApiKey '{key}' -ApiSecretKey '{secret}'"
            ),
        )
    };
    assert_eq!(piped(&url).code, Some(0));
    let ran = piped("Celerium@Celerium.org");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.refused().contains("`Celerium@Celerium.org` is neither http:// nor https://"),
        "what is wrong with it"
    );
    // By position, cut short, with a colon.
    for line in [format!("{url} {key} {secret}"), format!("-ApiS {secret} -apiu:{url} -APIKEY {key}")] {
        assert_eq!(
            shell(&house, &format!("counterfoil Request-DattoRMMAccessToken {line}")).code,
            Some(0),
            "{line}"
        );
    }
    // A new secret that is wrong is not kept in place of the old.
    let ran = shell(&house, "counterfoil Request-DattoRMMAccessToken -ApiSecretKey hush-hush");
    assert_eq!(ran.code, Some(4));
    assert!(!ran.refused().contains("hush"));
    assert_eq!(shell(&house, "counterfoil Request-DattoRMMAccessToken").code, Some(0));
    assert!(!house.server.log().contains(&secret));
}

#[test]
fn a_missing_secret_is_asked_for_and_not_shown() {
    let (house, key, secret) = datto();
    let url = house.server.url();
    let line = format!("counterfoil Request-DattoRMMAccessToken -ApiUri {url} -ApiKey {key}");
    let mut terminal = house.place.here(Command::new("timeout"));
    terminal.args(["60", "/usr/bin/python3", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/typed.py")]);
    terminal.args(line.replace("counterfoil", PROGRAM).split(' '));
    let shown = finish(&mut terminal, &format!("{secret}\n")).printed();
    assert!(shown.contains("the API secret key (not shown): ") && !shown.contains(&secret), "{shown}");
    // Where nobody can be asked it says what to give, and waits for nobody.
    house.place.remove("cache");
    let ran = shell(&house, &format!("{line} < /dev/null"));
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.refused().contains("the API secret key is needed"));
}

#[test]
fn the_page_of_tokensapi() {
    let house = House::new();
    house.password(&house.somebody("cabinet", &["ruvds.read", "ruvds.write"]));
    house.profile("ruvds", "username = 'cabinet'\npassword = { file = '../../password' }");
    let printed = |line: &str| shell(&house, line).printed();
    let object = |line: &str| -> Value { serde_json::from_str(&printed(line)).unwrap() };
    // The description, a pipe, and the page's variable.
    let describe =
        "counterfoil Initialize-TokenCreate -TokenName my-api-token -TokenRole read -TokenExpiry 2127-01-01";
    let description = json!({"token_name": "my-api-token", "token_role": "read", "token_expiry": "2127-01-01T00:00:00.000Z"});
    assert_eq!(object(describe), description);
    let made = object(&format!("{describe} | counterfoil Invoke-TokensCreate"));
    let id = text(&made, "token_id");
    assert_eq!(text(&made, "token_secret").len(), 64);
    let more = object(&format!(
        "TokenCreate=$({describe}); counterfoil Invoke-TokensCreate -TokenCreate \"$TokenCreate\""
    ));
    let again = object(&format!("{describe} | counterfoil Invoke-TokensCreate -TokenCreate -"));
    // The other three.
    let shown = object(&format!("counterfoil Invoke-TokensGet -TokenId {id}"));
    assert_eq!(
        shown,
        json!({"token_id": id, "name": "my-api-token", "role": "read", "expiry": "2127-01-01T00:00:00.000Z"})
    );
    let all = object("counterfoil Invoke-TokensList");
    let ids = |all: &Value| {
        all["tokens"].as_array().unwrap().iter().map(|token| text(token, "token_id")).collect::<Vec<_>>()
    };
    assert_eq!(ids(&all), [id.clone(), text(&more, "token_id"), text(&again, "token_id")]);
    let renewed = object(&format!("counterfoil Invoke-TokensPut -TokenId {id}"));
    assert!(renewed["token_id"] == id.as_str() && renewed["token_secret"] != made["token_secret"]);
    // By value through the pipe: ids, or objects that have one; a run for each.
    let both =
        printed(&format!("printf '{id}\\n{}\\n' | counterfoil Invoke-TokensGet", text(&more, "token_id")));
    assert_eq!(both.lines().count(), 2);
    let chained =
        object(&format!("{describe} | counterfoil Invoke-TokensCreate | counterfoil Invoke-TokensGet"));
    assert_eq!(chained["name"], "my-api-token");
    // `try … catch`: what went wrong goes into a variable, and what comes out into another.
    let caught = shell(
        &house,
        "eval \"$(counterfoil Invoke-TokensGet nope -ErrorVariable why 2>/dev/null)\"; echo \"caught: $why\"",
    );
    assert!(caught.printed().contains("caught: RUVDS at http://127.0.0.1:"), "and the rest");
    let list = printed("eval \"$(counterfoil Invoke-TokensList -OutVariable result)\"; echo \"$result\"");
    assert_eq!(ids(&serde_json::from_str(&list).unwrap()).len(), 4);
    let on = shell(
        &house,
        &format!("printf 'nope\\n{id}\\n' | counterfoil Invoke-TokensGet -ErrorAction SilentlyContinue"),
    );
    assert_eq!((on.code, on.out.lines().count(), on.err.as_str()), (Some(3), 1, ""));
    // What is told, and what is refused.
    let told = shell(&house, "counterfoil Invoke-TokensList -Verbose -OutBuffer 1");
    assert!(
        told.err.contains(&format!("VERBOSE: GET RUVDS at {}/v2/tokens\n", house.server.url())),
        "{told:?}"
    );
    assert!(told.err.contains("-OutBuffer means nothing here."), "{told:?}");
    for (line, part) in [
        ("Initialize-TokenCreate -TokenName x -TokenRole remove", "-TokenRole is read or write"),
        ("Initialize-TokenCreate -TokenRole read", "-TokenName is missing"),
        ("Invoke-TokensGet", "-TokenId is missing"),
        ("Invoke-TokensPut -Token x -Hush y", "a parameter cannot be found"),
        ("Invoke-TokensCreate -TokenCreate '{\"hush\":1}'", "the JSON does not describe one"),
        ("Invoke-TokensCreate -TokenCreate ''", "the JSON does not describe one"),
        (
            "Initialize-TokenCreate -Hush y",
            "there are -TokenName, -TokenRole, -TokenExpiry and the common ones",
        ),
        ("Invoke-TokensGet '{\"tokens\":[]}'", "an object without a token_id"),
    ] {
        let ran = shell(&house, &format!("counterfoil {line} < /dev/null"));
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        let said = ran.refused();
        assert!(said.contains(part) && !said.contains("hush"), "{said}");
    }
    // The page calls the description optional; the vendor does not.
    let ran = shell(&house, "counterfoil Invoke-TokensCreate < /dev/null");
    assert!(ran.refused().contains("400 Bad Request: The body must not be empty"), "in its words");
    // The example says `(Get-Date)`, which has passed when the vendor reads it.
    let now = "counterfoil Initialize-TokenCreate -TokenName n -TokenRole read -TokenExpiry '(Get-Date)'";
    assert!(object(now)["token_expiry"].as_str().unwrap().ends_with('Z'));
    let ran = shell(&house, &format!("{now} | counterfoil Invoke-TokensCreate"));
    assert!(ran.refused().contains("'token_expiry' must lie in the future"), "as ours does");
    assert_eq!(
        printed("counterfoil Invoke-TokensGet '-?'"),
        "Invoke-TokensGet [[-TokenId] <String>] [<CommonParameters>]\n"
    );
}
