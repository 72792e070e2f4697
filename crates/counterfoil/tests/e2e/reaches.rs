//! Three reaches, one program: in process on the store, through the socket of the server, and over HTTP with a token.
//! The same commands give the same answers.

use crate::support::place::{Place, Ran, finish};
use crate::support::server::Server;

/// A way to the authority: what stands in the environment, and the flags.
struct Reach<'a> {
    name: &'a str,
    place: &'a Place,
    variables: Vec<(&'a str, String)>,
}

impl Reach<'_> {
    fn run(&self, line: &str, input: &str) -> Ran {
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.place.run_with(&line.split(' ').collect::<Vec<_>>(), &variables, input)
    }

    fn printed(&self, line: &str, input: &str) -> String {
        let ran = self.run(line, input);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}: {line}: {ran:?}", self.name);
        ran.out
    }

    /// Everything that can be done with tokens; what was printed, without what must differ.
    fn tour(&self) -> Vec<String> {
        let create = "token create ci --scope deploy --scope build --expires 30d -o value";
        let text = self.printed(create, "").trim().to_owned();
        let (id, _) = text.rsplit_once('_').unwrap();
        let same = |said: String| {
            let hidden = said.replace(&text, "TEXT").replace(id, "ID");
            // Instants, and how the principal's chance id was drawn.
            hidden.split_inclusive(['\t', '\n', ',']).map(veiled).collect::<String>()
        };
        let mut said = vec![same(self.printed("token verify - --scope deploy -o json", &text))];
        for scope in ["deploy", "destroy"] {
            let ran = self.run(&format!("token verify - --scope {scope}"), &text);
            said.push(same(format!("{:?} {} {}", ran.code, ran.out, ran.err)));
        }
        for line in ["token get ID", "token list --name ci -o csv", "token edit ID --name renamed"] {
            said.push(same(self.printed(&line.replace("ID", id), "")));
        }
        self.printed(&format!("token disable {id}"), "");
        said.push(format!("{:?}", self.run("token verify - -o json", &text)));
        self.printed(&format!("token enable {id}"), "");
        let new = self.printed(&format!("token rotate {id} --overlap 1h -o value"), "");
        assert!(new.trim() != text && new.starts_with(id));
        for each in [&new, &text] {
            assert_eq!(self.run("token verify - -q", each).code, Some(0), "{}", self.name);
        }
        said.push(same(self.printed(&format!("token revoke {id} --yes -o json"), "")));
        for each in [new.trim(), &text, "cf_nothing", "something else"] {
            let ran = self.run("token verify - -o ndjson", each);
            assert_eq!((ran.code, ran.out.as_str()), (Some(8), "{\"active\":false}\n"), "{}", self.name);
        }
        for (line, code) in [
            ("token get cf_000000000000", 3),
            ("token create x --scope a --expires yesterday", 2),
            ("token create x --scope a\"b", 2),
            (&*format!("token rotate {id}"), 5),
            ("token list --sort nope", 2),
            ("principal get nobody", 3),
        ] {
            let ran = self.run(line, "");
            assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{}: {line}: {ran:?}", self.name);
            said.push(same(ran.err));
        }
        for line in ["principal list", "role list", "realm list", "scope list -o ndjson"] {
            said.push(same(self.printed(line, "")));
        }
        said
    }
}

/// A field without instants and principal ids.
fn veiled(field: &str) -> String {
    let digits = field.chars().filter(char::is_ascii_digit).count();
    if digits >= 8 {
        field.chars().map(|letter| if letter.is_ascii_hexdigit() { '.' } else { letter }).collect()
    } else {
        field.to_owned()
    }
}

#[test]
fn three_reaches_give_the_same_answers() {
    let place = Place::with_store();
    let elsewhere = Place::new();
    let here = |name| Reach { name, place: &place, variables: Vec::new() };
    let in_process = here("in process").tour();
    let server = Server::start(&place);
    let socket = here("through the socket").tour();
    let over_http = Reach {
        name: "over HTTP",
        place: &elsewhere,
        variables: vec![("COUNTERFOIL_SERVER", server.url()), ("COUNTERFOIL_TOKEN", place.first_token())],
    }
    .tour();
    assert_eq!(in_process, socket);
    assert_eq!(in_process, over_http);
    assert_eq!(elsewhere.names(), Vec::<String>::new(), "nothing is made where a server is asked");
}

#[test]
fn the_realm_is_named_to_the_operators_socket_and_not_to_a_server() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let ours = place.run(&["realm", "create", "eu", "--name", "Europe", "-o", "value"]).printed();
    let text = place.run(&["token", "create", "t", "--scope", "a", "--realm", "eu", "-o", "value"]).printed();
    let id = text.rsplit_once('_').unwrap().0;
    assert_eq!(place.run(&["token", "get", id, "--realm", "eu"]).code, Some(0));
    assert_eq!(place.run(&["token", "get", id]).code, Some(3), "it is not in the default realm");
    assert_eq!(place.run(&["token", "list", "--realm", "mars"]).code, Some(3));
    assert!(server.client(ours.trim()).counts(text.trim()), "the realm's administrator sees it");
    assert!(!server.admin(&place).counts(text.trim()), "nobody else does");
    // A header from the network names no realm and makes nobody the operator.
    let stranger = crate::support::http::Client::stranger(server.address);
    assert_eq!(stranger.with("Counterfoil-Realm", "eu").get("/v1/tokens").status, 401);
    let why = place.run(&["token", "list", "--server", &server.url(), "--realm", "eu", "--token", "x"]);
    assert_eq!(why.code, Some(2));
}

#[test]
fn the_operators_socket_is_closed_to_strangers() {
    let place = Place::with_store();
    let server = Server::start(&place);
    place.allow(".", 0o755);
    let mut list = place.program_as_nobody();
    let why = finish(list.args(["token", "list"]), "").refused();
    assert!(why.contains("counterfoil.db.sock does not open: Permission denied"), "{why}");

    // Were the file's mode loosened, the peer's user is looked at all the same.
    place.allow("counterfoil.db.sock", 0o666);
    let mut list = place.program_as_nobody();
    let ran = finish(list.args(["token", "list", "--no-header"]), "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(7), ""), "{ran:?}");
    assert!(server.log().contains("a stranger opened the operator's socket"));
    assert_eq!(place.run(&["token", "list", "--no-header"]).printed().lines().count(), 1);
}

#[test]
fn a_socket_left_by_a_server_that_died_is_no_hindrance() {
    let place = Place::with_store();
    Server::start(&place).kill();
    assert!(place.file("counterfoil.db.sock").exists());
    assert_eq!(place.run(&["token", "list", "--no-header"]).printed().lines().count(), 1, "in process");
    let server = Server::start(&place);
    assert_eq!(place.run(&["token", "list", "--no-header"]).printed().lines().count(), 1, "by the socket");
    server.stop();
    assert!(!place.file("counterfoil.db.sock").exists());
}

#[test]
fn without_a_token_or_a_terminal_a_server_is_not_asked() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let ran = place.run(&["token", "list", "--server", &server.url()]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    let wrong = place.run_with(&["token", "list", "--server", &server.url(), "--token", "-"], &[], "cf_no");
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
}

#[test]
fn the_journal_tells_who_did_it_by_which_reach() {
    let place = Place::with_store();
    let server = Server::start(&place);
    place.run(&["token", "create", "local", "--scope", "a"]).printed();
    server.admin(&place).issue("remote");
    let rows = server.admin(&place).get("/v1/journal?action=token.issue").expect(200);
    let [local, remote] = rows["items"].as_array().unwrap().as_slice() else { panic!("{rows}") };
    assert!(local.get("actor").is_none() && local.get("credential").is_none(), "{local}");
    assert_eq!(remote["actor"], "admin");
    assert!(place.first_token().starts_with(remote["credential"].as_str().unwrap()));
}

#[test]
fn what_is_mounted_does_not_keep_the_operator_out() {
    let place = Place::new();
    place.write("counterfoil.toml", "[[mount]]\ndialect = 'dynatrace'\nrealm = 'staging'\n");
    let said = place.run(&["serve", "--listen", "127.0.0.1:0", "--log", "warn"]).refused();
    assert!(said.contains("the realm `staging`, which does not exist; make it with"), "{said}");
    // What is advised can be done.
    place.run(&["init", "--first-token-file", "first"]).printed();
    place.run(&["realm", "create", "staging"]).printed();
    let server = Server::start(&place);
    assert_eq!(server.admin(&place).get("/v1/tokens").status, 404, "nobody else finds what is not mounted");
    assert!(place.run(&["token", "list"]).printed().contains("first token"));
    server.stop();
}

#[test]
fn a_gateway_is_told_where_the_server_answers() {
    let place = Place::with_store();
    place.run(&["gate", "create", "front"]).printed();
    let printed = |place: &Place| place.run(&["gateway", "caddy", "front"]).printed();
    assert!(printed(&place).contains("forward_auth http://127.0.0.1:8080"), "where it would");
    let server = Server::start(&place);
    assert!(printed(&place).contains(&format!("forward_auth {}", server.url())));
    assert_eq!(crate::support::http::Client::stranger(server.address).get("/address").status, 404);
}
