//! All accounts at once: the inventory of everybody's tokens, and the rotation of those that end soon.

use crate::round_trips::House;
use crate::support::http::Client;
use crate::support::place::Ran;
use crate::support::raw::Raw;
use crate::support::text;
use serde_json::{Value, json};

/// One house that is five vendors, with a profile for each, and one for somebody who is not there.
struct Town {
    house: House,
    profiles: String,
}

impl Town {
    fn new() -> Self {
        let house = House::new();
        let words =
            ["ruvds.read", "ruvds.write", "datto-rmm.read", "datto-rmm.write", "control-room.api-key"];
        let path = house.somebody("jdoe", &words);
        house.password(&path);
        let found = house.admin.get("/v1/principals?username=admin").expect(200);
        house.password(&format!("/v1/principals/{}", text(&found["items"][0], "id")));
        let datto = house.key(&path, "datto-rmm");
        house.place.write("datto", format!("{}:{}\n", text(&datto, "key"), text(&datto, "secret")));
        house.place.write("room", text(&house.key(&path, "control-room"), "key"));
        Self { house, profiles: String::new() }
    }

    fn url(&self) -> String {
        self.house.server.url()
    }

    fn add(&mut self, name: &str, lines: &str) {
        self.profiles.extend(["[profile.", name, "]\n", lines, "\n"]);
        self.house.place.write_profiles(&self.profiles);
    }

    /// A profile of this vendor at our own server, whose secret is in a file of that name.
    fn account(&mut self, name: &str, vendor: &str) {
        let url = self.url();
        self.add(
            name,
            &format!("vendor = '{vendor}'\nserver = '{url}'\nsecret = {{ file = '../../{name}' }}"),
        );
    }

    /// A token of Dynatrace's kind in the file of that name, with a profile for it.
    fn dynatrace(&mut self, name: &str, expires: &str) -> String {
        let new = json!({"name": name, "dialect": "dynatrace", "scopes": ["apiTokens.read", "apiTokens.write", "metrics.read"], "expires": expires});
        let issued = self.house.admin.post("/v1/tokens", new).expect(201);
        self.house.place.write(name, text(&issued, "token"));
        self.account(name, "dynatrace");
        text(&issued, "token")
    }

    fn run(&self, line: &str) -> Ran {
        self.house.place.run(&line.split(' ').collect::<Vec<_>>())
    }

    fn rows(&self, line: &str) -> Vec<Value> {
        let ran = self.run(&format!("{line} -o json"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str::<Value>(&ran.out).unwrap()["items"].as_array().unwrap().clone()
    }

    /// What is in a file now.
    fn kept(&self, name: &str) -> String {
        String::from_utf8(self.house.place.read(name)).unwrap().trim().to_owned()
    }

    /// Whether a Dynatrace token counts.
    fn counts(&self, token: &str) -> bool {
        self.house.admin.counts(token)
    }
}

#[test]
fn one_table_shows_everybodys_tokens() {
    let mut town = Town::new();
    let url = town.url();
    town.dynatrace("environment", "5d");
    town.add(
        "cabinet",
        &format!(
            "vendor = 'ruvds'\nserver = '{url}'\nusername = 'jdoe'\npassword = {{ file = '../../password' }}"
        ),
    );
    town.add("bamboo", &format!("vendor = 'agent-config'\nserver = '{url}'\nusername = 'admin'\npassword = {{ file = '../../password' }}"));
    town.account("datto", "datto-rmm");
    town.add(
        "room",
        &format!(
            "vendor = 'control-room'\nserver = '{url}'\nusername = 'jdoe'\nsecret = {{ file = '../../room' }}"
        ),
    );
    town.add(
        "gone",
        "vendor = 'dynatrace'\nserver = 'http://127.0.0.1:1'\nsecret = { file = '../../first' }",
    );
    town.add(
        "refused",
        &format!("vendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ file = '../../room' }}"),
    );
    town.run("ruvds tokens create backup --role write --expiry 2127-01-01").printed();
    town.run("agent-config tokens create agents --read").printed();
    let rows = town.rows("inventory");
    let of = |profile: &str| rows.iter().filter(|row| row["profile"] == profile).cloned().collect::<Vec<_>>();
    // Our own knows of all of them; the operator asks.
    let ours: Vec<_> = rows.iter().filter(|row| row["profile"].is_null()).cloned().collect();
    assert!(
        ours.iter().all(|row| row["vendor"] == "counterfoil")
            && ours.iter().any(|row| row["name"] == "first token")
    );
    let [environment] = of("environment").try_into().unwrap();
    assert_eq!((&environment["owner"], &environment["state"]), (&json!("admin"), &json!("active")));
    assert_eq!(environment["scopes"], json!(["apiTokens.read", "apiTokens.write", "metrics.read"]));
    let [cabinet] = of("cabinet").try_into().unwrap();
    assert_eq!(
        (&cabinet["name"], &cabinet["scopes"], &cabinet["last_used"]),
        (&json!("backup"), &json!(["write"]), &Value::Null)
    );
    let [bamboo] = of("bamboo").try_into().unwrap();
    let id = text(&bamboo, "id");
    assert!(id.chars().count() == 9 && id.ends_with('…'), "the uuid is the secret: {id}");
    let [datto] = of("datto").try_into().unwrap();
    assert_eq!((&datto["state"], &datto["expires"]), (&json!("active"), &json!("never")));
    for (profile, why) in [
        ("gone", "cannot be reached"),
        ("refused", "401 Unauthorized"),
        ("room", "a login could end other sessions"),
    ] {
        let [row] = of(profile).try_into().unwrap();
        assert!(row["state"] == "no answer" && text(&row, "note").contains(why), "{row}");
        assert!(row["id"].is_null() && row["name"].is_null() && row["owner"].is_null(), "{row}");
    }
    // What is kept can be asked without a login.
    town.run("control-room authenticate --profile room").printed();
    assert_eq!(town.rows("inventory --profile room")[0]["state"], "active");
    // Filters let silence through, and nothing that is not meant.
    let names = |line: &str| {
        town.rows(line)
            .iter()
            .filter(|row| row["state"] != "no answer")
            .map(|row| text(row, "name"))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("inventory --profile environment --expiring 14d"), ["environment"]);
    assert_eq!(names("inventory --profile environment --expiring 1d"), [""; 0]);
    assert_eq!(names("inventory --profile cabinet --never-used"), [""; 0], "the vendor does not tell");
    assert_eq!(names("inventory --over-scoped --profile datto"), [""; 0]);
    assert_eq!(
        names("inventory --over-scoped 2 --expiring 30d"),
        ["environment", "environment"],
        "ours and theirs"
    );
    assert!(names("inventory --no-expiry").contains(&"first token".to_owned()));
    assert_eq!(
        town.rows("inventory --expiring 1d").iter().filter(|row| row["state"] == "no answer").count(),
        2
    );
    let csv = town.run("inventory -o csv");
    assert!(
        csv.out.starts_with("profile,vendor,id,name,owner,scopes,created,last_used,expires,state,note\n"),
        "{csv:?}"
    );
    assert_eq!(csv.err, "Accounts without an answer: 2; their rows say why.\n");
    let secrets = [town.kept("datto"), town.kept("first"), town.kept("room")];
    assert!(secrets.iter().all(|secret| !csv.out.contains(secret.rsplit(':').next().unwrap())));
}

#[test]
fn an_inventory_of_nothing_is_empty() {
    let ran = crate::support::place::Place::new().run(&["inventory", "--no-header"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
}

#[test]
fn what_ends_soon_is_followed_and_the_rest_is_left_alone() {
    let mut town = Town::new();
    let url = town.url();
    let soon = town.dynatrace("soon", "5d");
    let later = town.dynatrace("later", "60d");
    town.add(
        "cabinet",
        &format!(
            "vendor = 'ruvds'\nserver = '{url}'\nusername = 'jdoe'\npassword = {{ file = '../../password' }}"
        ),
    );
    let made: Value = serde_json::from_str(
        &town.run("ruvds tokens create backup --role write --expiry 5d -o json").printed(),
    )
    .unwrap();
    town.house.place.write("vds", format!("{}:{}", text(&made, "token_id"), text(&made, "token_secret")));
    town.account("vds", "ruvds");
    let ours = json!({"name": "ours", "scopes": ["counterfoil.tokens.mint", "counterfoil.tokens.read", "counterfoil.tokens.write", "deploy"], "expires": "5d", "metadata": {"team": "x"}, "limit": "1000/1m", "quota": 9000});
    let ours = text(&town.house.admin.post("/v1/tokens", ours).expect(201), "token");
    town.house.place.write("ours", &ours);
    town.add("ours", &format!("server = '{url}'\ntoken_file = '../../ours'"));
    town.account("datto", "datto-rmm");
    town.add(
        "room",
        &format!(
            "vendor = 'control-room'\nserver = '{url}'\nusername = 'jdoe'\nsecret = {{ file = '../../room' }}"
        ),
    );
    town.add("fixed", &format!("vendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ env = 'NOT_SET' }}"));

    town.add("twin", &format!("vendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ file = '../../soon' }}"));

    // Whoever is named and left alone is not done.
    for (line, code) in
        [("rotate cabinet --yes", 2), ("rotate room --yes", 2), ("rotate cabinet --dry-run", 0)]
    {
        let ran = town.run(line);
        assert!(ran.code == Some(code) && ran.out.contains("\tcannot\t"), "{line}: {ran:?}");
    }
    assert!(town.run("rotate").refused().contains("say which: `rotate PROFILE…`"), "what to say");

    // The plan changes nothing.
    let plan = town.rows("rotate --due 14d --dry-run");
    let outcome = |rows: &[Value], name: &str| {
        let row = rows.iter().find(|row| row["profile"] == name).unwrap();
        (text(row, "outcome"), text(row, "note"))
    };
    for due in ["soon", "vds", "ours"] {
        assert!(outcome(&plan, due).1.starts_with("create a token like it, store its secret"), "{plan:?}");
        assert_eq!(outcome(&plan, due).0, "due");
    }
    for other in ["later", "datto"] {
        assert_eq!(outcome(&plan, other).0, "not due", "{other}");
    }
    for (cannot, why) in [
        ("cabinet", "names no token or key"),
        ("twin", "is that of soon"),
        ("room", "on its own pages only"),
        ("fixed", "add store"),
    ] {
        let (outcome, note) = outcome(&plan, cannot);
        assert!(outcome == "cannot" && note.contains(why), "{note}");
    }
    assert!(town.kept("soon") == soon && town.counts(&soon));
    assert_eq!(town.run("rotate --due 14d").code, Some(2), "nobody is there to say yes");

    let done = town.rows("rotate --due 14d --yes");
    for name in ["soon", "vds", "ours"] {
        assert_eq!(outcome(&done, name).0, "rotated", "{done:?}");
    }
    assert!(town.kept("later") == later && town.counts(&later));
    // The new one counts as long and as far as the old one had, and that one is over.
    let new = town.kept("soon");
    assert!(new != soon && town.counts(&new) && !town.counts(&soon));
    let shown: Value =
        serde_json::from_str(&town.run("dynatrace api-tokens list --profile soon -o json").printed())
            .unwrap();
    let shown =
        shown["items"].as_array().unwrap().iter().find(|token| new.starts_with(&text(token, "id"))).unwrap();
    assert_eq!((shown["name"].as_str(), shown["scopes"].as_array().unwrap().len()), (Some("soon"), 3));
    let new = town.kept("ours");
    assert!(new != ours && town.counts(&new) && !town.counts(&ours));
    let shown = Client::bearer(town.house.server.address, &new)
        .get(&format!("/v1/tokens/{}", new.rsplit_once('_').unwrap().0))
        .expect(200);
    assert_eq!(
        (text(&shown["metadata"], "team"), text(&shown, "limit")),
        ("x".to_owned(), "1000/1m".to_owned())
    );
    let quota = shown["quota"].as_u64().unwrap();
    assert!((8_900..9_000).contains(&quota), "what the old one used is used: {quota}");
    let new = town.kept("vds");
    assert!(town.counts(new.split_once(':').unwrap().1) && !town.counts(&text(&made, "token_secret")));
    town.run("ruvds tokens list --profile vds").printed();
    // Now nothing is due, and the file is as private as it was.
    assert!(town.rows("rotate --due 4d").iter().all(|row| row["outcome"] != "due"));

    // A key without an end is rotated by name; the old one ends with that.
    let before = town.kept("datto");
    assert_eq!(outcome(&town.rows("rotate datto --yes"), "datto").0, "rotated");
    let after = town.kept("datto");
    assert_ne!(before, after);
    town.run("datto request-access-token --profile datto").printed();
    let (key, secret) = before.split_once(':').unwrap();
    assert_eq!(town.run(&format!("datto request-access-token {url} {key} {secret} -q")).code, Some(4));
    assert!(!town.house.place.names().iter().any(|name| name.contains("rotated")));
}

#[test]
fn a_secret_that_cannot_be_stored_is_not_lost_and_the_old_one_counts() {
    let mut town = Town::new();
    let url = town.url();
    let old = town.dynatrace("store", "5d");
    let profile = |store: &str| {
        format!(
            "[profile.it]\nvendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ command = ['cat', '../../store'], store = ['sh', '-c', '{store}'] }}\n"
        )
    };
    // A place that takes nothing is found out before anything is asked for.
    for (store, why) in [
        ("exit 1", "`sh …` failed: exit status: 1"),
        ("cat > ../../elsewhere", "rotated"),
        ("cat >/dev/null; echo x > ../../store", "gives another secret"),
    ] {
        town.house.place.write("store", &old);
        town.house.place.write_profiles(&profile(store));
        let ran = town.run("rotate it --yes -o json");
        if why == "rotated" {
            // It looked like a place while the secret in it was the old one.
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.out.contains("the new secret is in ") && town.counts(&old), "{ran:?}");
            let refuge = "config/counterfoil/rotated-it.secret";
            assert_eq!(town.house.place.mode(refuge), 0o600);
            let new = town.kept(refuge);
            assert!(new != old && town.counts(&new) && !ran.out.contains(&new));
            // Another attempt would overwrite it.
            let again = town.run("rotate it --yes -o json");
            assert!(again.out.contains("an earlier rotation could not put in its place"), "{again:?}");
            std::fs::remove_file(town.house.place.file(refuge)).unwrap();
        } else {
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.out.contains(why) && town.counts(&old), "{ran:?}");
        }
    }
    // A program that works gets the secret on its standard input.
    town.house.place.write("store", &old);
    town.house.place.write_profiles(&profile("cat > ../../store"));
    assert_eq!(town.rows("rotate it --yes --expires 30d")[0]["outcome"], "rotated");
    let new = town.kept("store");
    assert!(town.counts(&new) && !town.counts(&old));
}

#[test]
fn a_rotation_that_is_stopped_ends_what_it_began() {
    let mut town = Town::new();
    let (one, two) = (town.dynatrace("one", "5d"), town.dynatrace("two", "5d"));
    let profile = |name: &str, store: &str| {
        let url = town.url();
        let kept =
            format!("command = ['cat', '../../{name}'], store = ['sh', '-c', '{store} cat > ../../{name}']");
        format!("[profile.{name}]\nvendor = 'dynatrace'\nserver = '{url}'\nsecret = {{ {kept} }}\n")
    };
    town.house.place.write_profiles(&[profile("one", "kill -INT $PPID;"), profile("two", "")].concat());
    let ran = town.run("rotate one two --yes --fields profile,outcome,note");
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(
        ran.out.contains("one\trotated\tnow ") && ran.out.contains("two\tfailed\tstopped before it began"),
        "{ran:?}"
    );
    assert!(ran.err.contains("Stopping; what was begun is ended first."), "{ran:?}");
    let new = town.kept("one");
    assert!(new != one && town.counts(&new) && !town.counts(&one));
    assert!(town.kept("two") == two && town.counts(&two));
}

#[test]
fn a_vendor_that_fails_half_way_leaves_both_and_says_so() {
    let town = Town::new();
    let reply = |head: &str, body: &str| {
        crate::support::raw::reply(&format!("{head}\nContent-Type: application/json"), body)
    };
    let token = r#"{"id":"dt0c01.OLD","name":"n","enabled":true,"creationDate":"2026-01-01T00:00:00.000Z","expirationDate":"2026-02-01T00:00:00.000Z","scopes":["a"]}"#;
    let raw = Raw::saying(vec![
        reply("200 OK", token),
        reply("201 Created", r#"{"id":"dt0c01.NEW","token":"dt0c01.NEW.HUSH"}"#),
        reply("403 Forbidden", r#"{"error":{"code":403,"message":"Token is missing required scope."}}"#),
    ]);
    town.house.place.write("old", "dt0c01.OLD.HUSH");
    town.house.place.write_profiles(&format!(
        "[profile.it]\nvendor = 'dynatrace'\nserver = '{}'\nsecret = {{ file = '../../old' }}\n",
        raw.url()
    ));
    let ran = town.run("rotate it --yes -o ndjson");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains("dt0c01.NEW is in its place, but the old one still counts; end it by hand: "),
        "{ran:?}"
    );
    assert!(!ran.out.contains("HUSH") && town.kept("old") == "dt0c01.NEW.HUSH");
    let heard = raw.heard();
    assert!(heard[1].contains(r#"{"name":"n","scopes":["a"],"expirationDate":"2"#), "{heard:?}");
    assert!(
        heard[2].starts_with("DELETE /api/v2/apiTokens/dt0c01.OLD ")
            && heard[2].contains("Api-Token dt0c01.NEW.HUSH"),
        "{heard:?}"
    );
}
