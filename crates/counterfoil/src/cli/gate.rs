//! `counterfoil gate`: where gateways ask whether a request may pass.

use super::desk::{Desk, Outcome};
use super::flags::{CreateFlags, DestroyFlags, EditFlags};
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client::{Gates, Resource};
use counterfoil_dialects::native::wire::gate::{EditGate, Header, NewGate, Rule};

/// What can be done with gates.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// Create a gate
    #[command(alias = "new")]
    Create {
        /// Its name: what stands in /check/NAME
        name: String,
        /// What it asks for.
        #[command(flatten)]
        policy: PolicyArgs,
        /// How to repeat it, and whether to do it.
        #[command(flatten)]
        flags: CreateFlags,
    },
    /// Show one gate
    Get {
        /// Its name
        name: String,
    },
    /// List gates
    #[default]
    #[command(alias = "ls")]
    List,
    /// Change a gate; what is not named stays
    Edit {
        /// Its name
        name: String,
        /// What it asks for.
        #[command(flatten)]
        policy: PolicyArgs,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Delete a gate: nothing passes it any more
    #[command(alias = "rm")]
    Delete {
        /// Its name
        name: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
}

/// What a gate asks for; each list is the whole list.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What every request needs; say it once for each scope [default: only a token that counts]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// What some requests need besides: `[METHOD,…] PATH SCOPE…`, as in 'POST,PUT /admin deploy'; say it once for each
    #[arg(long = "rule", value_name = "RULE", value_parser = rule)]
    rules: Option<Vec<Rule>>,
    /// Where gateways ask from [default: this machine]
    #[arg(long = "caller", value_name = "CIDR")]
    callers: Option<Vec<String>>,
    /// Whose credentials pass: native, dynatrace, … [default: all]
    #[arg(long = "dialect", value_name = "DIALECT")]
    dialects: Option<Vec<String>>,
    /// Where the credential stands: bearer, api-token, basic, header:NAME, query:NAME [default: bearer]
    #[arg(long = "place", value_name = "PLACE")]
    places: Option<Vec<String>>,
    /// How often each token may pass: 100/1m; none takes the limit away
    #[arg(long, value_name = "COUNT/TIME")]
    limit: Option<String>,
    /// What whoever asks too often is told: 403 or 429 [default: 403]
    #[arg(long, value_name = "STATUS")]
    on_limit: Option<u16>,
    /// A header for the service behind: `X-User=username` (subject, username, id, name, realm, dialect, scopes, expires)
    #[arg(long = "set", value_name = "HEADER=FACT", value_parser = header)]
    set: Option<Vec<Header>>,
    /// A header that goes no further [default: Authorization]
    #[arg(long = "strip", value_name = "HEADER")]
    strip: Option<Vec<String>>,
}

impl From<PolicyArgs> for EditGate {
    fn from(args: PolicyArgs) -> Self {
        let PolicyArgs { scopes, rules, callers, dialects, places, limit, on_limit, set, strip } = args;
        Self { callers, scopes, rules, dialects, places, limit, on_limit, set, strip }
    }
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create { name, policy, flags } => {
            desk.create(Gates::create(&NewGate { name, policy: policy.into() })?, flags).await
        }
        Verb::Get { name } => desk.show(Gates::get(&name)?).await,
        Verb::List => desk.show_list(Gates::list()?, None).await,
        Verb::Edit { name, policy, flags } => desk.edit(Gates::edit(&name, &policy.into())?, flags).await,
        Verb::Delete { name, flags } => {
            desk.delete(Gates::delete(&name)?, &format!("the gate `{name}`"), flags).await
        }
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let mut words = text.split_ascii_whitespace().peekable();
    let methods = words.next_if(|word| !word.starts_with('/'));
    let methods = methods.into_iter().flat_map(|methods| methods.split(',')).map(ToOwned::to_owned).collect();
    let path = words.next().filter(|word| word.starts_with('/'));
    let path = path.ok_or("must be `[METHOD,…] PATH SCOPE…`, as in `POST,PUT /admin deploy`")?.to_owned();
    Ok(Rule { methods, path, scopes: words.map(ToOwned::to_owned).collect() })
}

fn header(text: &str) -> Result<Header, String> {
    let (header, fact) = text.split_once('=').ok_or("must be HEADER=FACT, as in X-User=username")?;
    Ok(Header { header: header.to_owned(), fact: fact.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_methods_path_and_scopes() {
        let read =
            |text: &str| rule(text).map(|rule| (rule.methods.join(","), rule.path, rule.scopes.join(" ")));
        let is = |methods: &str, path: &str, scopes: &str| {
            Ok((methods.to_owned(), path.to_owned(), scopes.to_owned()))
        };
        assert_eq!(read("POST,PUT /admin deploy admin"), is("POST,PUT", "/admin", "deploy admin"));
        assert_eq!(read("/admin deploy"), is("", "/admin", "deploy"));
        assert_eq!(read("/public"), is("", "/public", ""));
        for wrong in ["", "POST", "deploy admin", "POST PUT /a"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }
}
