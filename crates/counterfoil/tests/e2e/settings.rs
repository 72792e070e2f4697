//! The binary from outside, where no server is needed: settings and their origins, usage, dry runs and exit codes.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory of its own for one test, gone afterwards.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("config/counterfoil")).unwrap();
        Self(path)
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    /// Runs the program here, with nothing in its environment but what is given.
    fn run(&self, line: &str, variables: &[(&str, &str)], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(line.split_whitespace())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.0.join("config"))
            .envs(variables.iter().copied())
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The URL of a port that was free a moment ago, so that nobody listens there.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = place.run(&format!("completions {shell}"), &[], "");
        assert_eq!(code(&output), 0);
        assert!(out(&output).contains("journal"), "{shell}");
    }
}

#[test]
fn each_setting_is_shown_with_its_origin() {
    let place = Place::new("origins");
    place.write("counterfoil.toml", "listen = '127.0.0.1:1'\nlog = 'debug'\n");
    place.write(
        "config/counterfoil/config.toml",
        "[profile.default]\nserver = 'https://d'\n[profile.work]\nserver = 'https://w'\nrealm = 'r'\n",
    );
    let variables =
        [("COUNTERFOIL_LOG", "warn"), ("COUNTERFOIL_TOKEN", "cf_hush"), ("COUNTERFOIL_STORE", "")];
    let output = place.run("config show -p work --realm mine --no-header", &variables, "");
    assert_eq!(code(&output), 0, "{}", err(&output));
    let profiles = place.0.join("config/counterfoil/config.toml");
    let expected = [
        "profile\twork\t--profile".to_owned(),
        format!("server\thttps://w\t{}", profiles.display()),
        "token\t••••\tCOUNTERFOIL_TOKEN".into(),
        "realm\tmine\t--realm".into(),
        "output\ttsv\tbuilt-in".into(),
        "listen\t127.0.0.1:1\tcounterfoil.toml".into(),
        "store\tsqlite:counterfoil.db\tbuilt-in".into(),
        "root_secret_file\tcounterfoil.key\tbuilt-in".into(),
        "first_token_file\t\tnot set".into(),
        "tls_cert\t\tnot set".into(),
        "tls_key\t\tnot set".into(),
        "public_url\t\tnot set".into(),
        "trusted_proxies\t\tbuilt-in".into(),
        "log\twarn\tCOUNTERFOIL_LOG".into(),
        "log_format\ttext\tbuilt-in".into(),
        "mount\t\tbuilt-in".into(),
    ];
    assert_eq!(out(&output).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_systemd_credential_counts_if_nothing_else_is_said() {
    let place = Place::new("systemd");
    place.write("counterfoil.key", "");
    let directory = place.0.to_str().unwrap().to_owned();
    let variables = [("CREDENTIALS_DIRECTORY", directory.as_str())];
    let shown = |line: &str| {
        let output = place.run(line, &variables, "");
        out(&output).lines().find(|line| line.starts_with("root_secret_file")).unwrap().to_owned()
    };
    assert_eq!(
        shown("config show"),
        format!("root_secret_file\t{directory}/counterfoil.key\tCREDENTIALS_DIRECTORY")
    );
    assert_eq!(shown("config show --root-secret-file k"), "root_secret_file\tk\t--root-secret-file");
}

#[test]
fn wrong_usage_leaves_with_2_and_one_sentence() {
    let place = Place::new("usage");
    place.write("wrong.toml", "listen = '127.0.0.1:1'\nlisten_on = 1\n");
    for (line, variables, sentence) in [
        ("token create x", &[][..], "--scope <SCOPE>"),
        ("token revoke", &[], "<IDS>"),
        ("token revoke --all-matching", &[], "required"),
        ("token revoke --state expired --yes", &[], "add --all-matching"),
        ("token revoke a", &[], "add --yes"),
        ("token edit a --dry-run", &[], "nothing to change"),
        ("session end", &[], "<ID|--principal <USERNAME>|--all>"),
        ("session end a", &[], "add --yes"),
        ("session end --all --principal x", &[], "cannot be used with"),
        ("key retire a", &[], "add --yes"),
        ("key rotate --dialect native", &[], "`native` is no dialect that signs"),
        ("principal key list x --dialect native", &[], "`native` is no dialect with keys; there are "),
        ("principal totp x", &[], "<DEED>"),
        ("token get a -o env", &[], "answer with a secret"),
        ("token list --fields nope", &[], "there is no field `nope`"),
        ("token list --server ftp://x", &[], "neither http:// nor https://"),
        ("token list --server http://x --realm r --token env:T", &[("T", "t")], "leave the realm out"),
        ("token list --token env:T", &[("T", "t")], "add --server"),
        ("token list -p nope", &[], "cannot be read"),
        ("token list", &[("COUNTERFOIL_OUTPUT", "yaml")], "COUNTERFOIL_OUTPUT is wrong: `yaml`"),
        ("config show --config wrong.toml", &[], "wrong.toml, line 2: unknown field `listen_on`"),
        ("config show --config missing.toml", &[], "missing.toml cannot be read"),
        ("serve --listen nowhere", &[], "--listen"),
        ("serve --tls-cert c", &[], "--tls-cert names a certificate for HTTPS; say tls_key too"),
        ("config show", &[("COUNTERFOIL_TLS_KEY", "k")], "COUNTERFOIL_TLS_KEY names a private key for HTTPS"),
    ] {
        let output = place.run(line, variables, "");
        assert_eq!(code(&output), 2, "{line}: {}", err(&output));
        assert!(err(&output).contains(sentence), "{line}: {}", err(&output));
        assert_eq!(out(&output), "", "{line}");
    }
}

#[test]
fn a_missing_token_leaves_with_4_and_says_what_to_set() {
    let place = Place::new("credential");
    let output = place.run(&format!("token list --server {}", nobody()), &[], "");
    assert_eq!(code(&output), 4);
    assert_eq!(
        err(&output),
        "counterfoil: a token is needed: give --token -, --token @FILE, or the variable COUNTERFOIL_TOKEN\n"
    );
    assert_eq!(code(&place.run("token verify", &[], "")), 4);
}

#[test]
fn a_server_that_is_not_there_leaves_with_7() {
    let place = Place::new("unreachable");
    let server = nobody();
    let output = place.run(&format!("token list --server {server} --token -"), &[], "cf_hush\n");
    assert_eq!(code(&output), 7);
    assert_eq!(
        err(&output),
        format!("counterfoil: {server} did not answer: Connection refused (os error 111)\n")
    );
    // It was certainly not carried out, so that there is no key to repeat it under.
    let create = format!("token create x --scope a --server {server} --token env:T");
    assert!(!err(&place.run(&create, &[("T", "t")], "")).contains("--idempotency-key"));
}

#[test]
fn a_secret_in_the_arguments_is_warned_about_once_and_never_repeated() {
    let place = Place::new("warning");
    let line = format!("token verify cf_hush --server {} --token cf_hush", nobody());
    let output = place.run(&line, &[("RUST_BACKTRACE", "1")], "");
    assert_eq!(err(&output).matches("`ps`").count(), 1);
    assert_eq!(err(&output).lines().count(), 2);
    assert!(!err(&output).contains("cf_hush"));
    assert_eq!(err(&place.run(&format!("{line} --quiet"), &[], "")).matches("`ps`").count(), 0);
}

#[test]
fn a_dry_run_prints_the_request_and_asks_nobody() {
    let place = Place::new("dry");
    for (line, printed) in [
        (
            "token create ci --scope a --scope b --expires 30d --network 10.0.0.0/8 --metadata team=x",
            "POST\t/v1/tokens\t{\"name\":\"ci\",\"scopes\":[\"a\",\"b\"],\"expires\":\"30d\",\
             \"networks\":[\"10.0.0.0/8\"],\"metadata\":{\"team\":\"x\"}}\n",
        ),
        ("token rotate cf_1 --overlap 24h", "POST\t/v1/tokens/cf_1/rotate\t{\"overlap\":\"24h\"}\n"),
        ("token disable cf_1", "PATCH\t/v1/tokens/cf_1\t{\"enabled\":false}\n"),
        (
            "token create ci --scope a --limit 100/1m --quota 1000",
            "POST\t/v1/tokens\t{\"name\":\"ci\",\"scopes\":[\"a\"],\"limit\":\"100/1m\",\"quota\":1000}\n",
        ),
        (
            "token edit cf_1 --limit none --quota none",
            "PATCH\t/v1/tokens/cf_1\t{\"limit\":\"none\",\"quota\":null}\n",
        ),
        ("token edit cf_1 --quota 7", "PATCH\t/v1/tokens/cf_1\t{\"quota\":7}\n"),
        ("token edit cf_1 --any-network", "PATCH\t/v1/tokens/cf_1\t{\"networks\":[]}\n"),
        ("token revoke cf_1 cf_2", "DELETE\t/v1/tokens/cf_1\t\nDELETE\t/v1/tokens/cf_2\t\n"),
        (
            "principal create jo --kind service --role r --several-sessions",
            "POST\t/v1/principals\t{\"username\":\"jo\",\"kind\":\"service\",\"roles\":[\"r\"],\
             \"several_sessions\":true}\n",
        ),
        (
            "role create r --scope a --number 7",
            "POST\t/v1/roles\t{\"name\":\"r\",\"scopes\":[\"a\"],\"number\":7}\n",
        ),
        ("realm create eu --name Europe", "POST\t/v1/realms\t{\"slug\":\"eu\",\"name\":\"Europe\"}\n"),
        ("session end ID", "DELETE\t/v1/sessions/ID\t\n"),
        ("session end --all", "POST\t/v1/sessions/end\t{\"all\":true}\n"),
        ("key retire -KID", "DELETE\t/v1/signing-keys/-KID\t\n"),
        (
            "key rotate --dialect datto-rmm",
            "POST\t/v1/signing-keys/rotate\t{\"dialect\":\"datto-rmm\",\"algorithm\":\"RS256\"}\n",
        ),
        ("realm edit eu --personal-tokens=false", "PATCH\t/v1/realms/eu\t{\"personal_tokens\":false}\n"),
    ] {
        let output = place.run(&format!("{line} --dry-run --no-header -o tsv"), &[], "");
        assert_eq!(code(&output), 0, "{line}: {}", err(&output));
        assert_eq!(out(&output), printed, "{line}");
    }
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    let place = Place::new("pipe");
    let mut child = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
        .args(["completions", "bash"])
        .env_clear()
        .current_dir(&place.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (0, ""));
}
