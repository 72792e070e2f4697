//! Binds arguments to parameters as PowerShell does: one dash, any case, unambiguous beginnings, `-Name value` or
//! `-Name:value`, what has no name by position. Kept out: what a cmdlet does.
//!
//! No refusal repeats a value: it may be a secret that stands in the wrong place.

use crate::cli::exit::Failure;
use std::collections::BTreeMap;

/// A parameter of a cmdlet.
#[derive(Debug)]
pub struct Parameter {
    /// Its name, as the page writes it.
    pub name: &'static str,
    /// Whether what comes through the pipeline is its value, unless it was given.
    pub pipeline: bool,
}

/// What to do when an error does not end the run by itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum ErrorAction {
    /// End.
    #[default]
    Stop,
    /// Say so, and go on with the next of the pipeline.
    Continue,
    /// Go on without a word.
    SilentlyContinue,
}

/// What was said: values of parameters, and of those that every cmdlet has.
#[derive(Debug, Default, Clone)]
pub struct Bound {
    values: BTreeMap<&'static str, String>,
    /// Whether each request is told.
    pub verbose: bool,
    /// What an error ends.
    pub error_action: ErrorAction,
    /// The shell's variable for errors.
    pub error_variable: Option<String>,
    /// The shell's variable for what is put out.
    pub out_variable: Option<String>,
    /// Whether warnings are left out.
    pub quiet: bool,
    /// Names of common parameters that were accepted and mean nothing here.
    pub ignored: Vec<&'static str>,
}

impl Bound {
    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The same with a value for each parameter that takes one from the pipeline and has none.
    #[must_use]
    pub fn fed(&self, parameters: &[Parameter], input: &str) -> Self {
        let mut bound = self.clone();
        for parameter in parameters.iter().filter(|parameter| parameter.pipeline) {
            bound.values.entry(parameter.name).or_insert_with(|| input.to_owned());
        }
        bound
    }

    /// Whether the pipeline has something to give.
    pub fn is_open(&self, parameters: &[Parameter]) -> bool {
        parameters.iter().any(|parameter| parameter.pipeline && !self.values.contains_key(parameter.name))
    }
}

/// What every cmdlet has, with its short name.
const COMMON: [(&str, &str); 11] = [
    ("Debug", "db"),
    ("ErrorAction", "ea"),
    ("ErrorVariable", "ev"),
    ("InformationAction", "infa"),
    ("InformationVariable", "iv"),
    ("OutVariable", "ov"),
    ("OutBuffer", "ob"),
    ("PipelineVariable", "pv"),
    ("Verbose", "vb"),
    ("WarningAction", "wa"),
    ("WarningVariable", "wv"),
];

/// Binds what stands after the cmdlet's name.
pub fn bind(parameters: &'static [Parameter], arguments: &[String]) -> Result<Bound, Failure> {
    let mut bound = Bound::default();
    let mut loose = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some((written, glued)) = named(argument) else {
            if argument == "--" {
                loose.extend(arguments.by_ref().cloned());
            } else {
                loose.push(argument.clone());
            }
            continue;
        };
        let name = find(parameters, written)?;
        if ["Debug", "Verbose"].contains(&name) {
            bound.verbose = truth(name, glued.unwrap_or("$true"))?;
            continue;
        }
        // A value may begin with a dash, but a parameter is none.
        let is_value = |next: &&String| named(next).is_none_or(|(next, _)| find(parameters, next).is_err());
        let value = match glued {
            Some(value) => Some(value.to_owned()),
            None => arguments.next().filter(is_value).cloned(),
        };
        let value =
            value.ok_or_else(|| Failure::usage(format!("missing an argument for parameter -{name}")))?;
        set(&mut bound, parameters, name, value)?;
    }
    let mut open =
        parameters.iter().filter(|parameter| bound.value(parameter.name).is_none()).map(|open| open.name);
    let placed: Vec<_> = loose.into_iter().map(|value| (open.next(), value)).collect();
    for (name, value) in placed {
        let name =
            name.ok_or_else(|| Failure::usage("there is an argument more than there are parameters"))?;
        bound.values.insert(name, value);
    }
    Ok(bound)
}

/// A name and the value that is glued to it, if the argument begins like a parameter.
fn named(argument: &str) -> Option<(&str, Option<&str>)> {
    let rest = argument
        .strip_prefix('-')
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))?;
    Some(rest.split_once(':').map_or((rest, None), |(name, value)| (name, Some(value))))
}

/// The one parameter that is meant.
fn find(parameters: &[Parameter], written: &str) -> Result<&'static str, Failure> {
    let all = || parameters.iter().map(|parameter| parameter.name).chain(COMMON.map(|(name, _)| name));
    let short = COMMON.iter().find(|(_, short)| short.eq_ignore_ascii_case(written)).map(|(name, _)| *name);
    if let Some(name) = all().find(|name| name.eq_ignore_ascii_case(written)).or(short) {
        return Ok(name);
    }
    let begins =
        |name: &&str| name.get(..written.len()).is_some_and(|start| start.eq_ignore_ascii_case(written));
    let found: Vec<_> = all().filter(begins).collect();
    match found.as_slice() {
        [name] => Ok(name),
        [] => {
            let names: Vec<_> = parameters.iter().map(|parameter| format!("-{}", parameter.name)).collect();
            let names = if names.is_empty() { String::new() } else { format!("{} and ", names.join(", ")) };
            let why = "a parameter cannot be found that matches one of the names given";
            Err(Failure::usage(format!("{why}; there are {names}the common ones, such as -Verbose")))
        }
        names => Err(Failure::usage(format!("-{written} is ambiguous: it may be -{}", names.join(" or -")))),
    }
}

fn set(
    bound: &mut Bound,
    parameters: &[Parameter],
    name: &'static str,
    value: String,
) -> Result<(), Failure> {
    match name {
        "ErrorAction" => bound.error_action = action(&value)?,
        "WarningAction" => bound.quiet = action(&value)? == ErrorAction::SilentlyContinue,
        "ErrorVariable" => bound.error_variable = Some(variable(&value)?),
        "OutVariable" => bound.out_variable = Some(variable(&value)?),
        name if parameters.iter().any(|parameter| parameter.name == name) => {
            if bound.values.insert(name, value).is_some() {
                return Err(Failure::usage(format!("-{name} is specified more than once")));
            }
        }
        ignored => bound.ignored.push(ignored),
    }
    Ok(())
}

fn truth(name: &str, value: &str) -> Result<bool, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "$true" | "true" => Ok(true),
        "$false" | "false" => Ok(false),
        _ => Err(Failure::usage(format!("-{name} is $true or $false"))),
    }
}

fn action(value: &str) -> Result<ErrorAction, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "stop" | "inquire" => Ok(ErrorAction::Stop),
        "continue" => Ok(ErrorAction::Continue),
        "silentlycontinue" | "ignore" => Ok(ErrorAction::SilentlyContinue),
        _ => Err(Failure::usage("an action is Stop, Continue or SilentlyContinue")),
    }
}

/// A name that a shell takes for a variable; anything else could be a command when it is evaluated.
fn variable(value: &str) -> Result<String, Failure> {
    let name = value.strip_prefix('+').unwrap_or(value);
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Ok(name.to_owned())
    } else {
        Err(Failure::usage("a variable's name is letters, digits and _"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter { name: "ApiUri", pipeline: true },
        Parameter { name: "ApiKey", pipeline: true },
        Parameter { name: "ApiSecretKey", pipeline: true },
    ];

    fn parse(line: &str) -> Result<Bound, String> {
        let arguments: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        bind(PARAMETERS, &arguments).map_err(|failure| failure.message)
    }

    fn values(line: &str) -> String {
        let bound = parse(line).unwrap();
        let value = |parameter: &Parameter| bound.value(parameter.name).unwrap_or("?").to_owned();
        PARAMETERS.iter().map(value).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_have_any_case_and_may_be_cut_short() {
        assert_eq!(values("-ApiUri u -ApiKey k -ApiSecretKey s"), "u k s");
        assert_eq!(values("-APIURI u -apikey:k -ApiS s"), "u k s");
        assert_eq!(values("-apiu https://x:8080/y"), "https://x:8080/y ? ?");
        assert_eq!(
            parse("-Api x").unwrap_err(),
            "-Api is ambiguous: it may be -ApiUri or -ApiKey or -ApiSecretKey"
        );
        assert_eq!(
            parse("-E Stop").unwrap_err(),
            "-E is ambiguous: it may be -ErrorAction or -ErrorVariable"
        );
        assert!(parse("-Hush x").unwrap_err().starts_with("a parameter cannot be found"));
    }

    #[test]
    fn what_has_no_name_goes_by_position() {
        assert_eq!(values("u k s"), "u k s");
        assert_eq!(values("-ApiKey k u s"), "u k s");
        assert_eq!(values("u -ApiSecretKey -hush"), "u ? -hush", "a value may begin with a dash");
        assert_eq!(values("-- -u"), "-u ? ?");
        assert_eq!(values("-ApiSecretKey - u"), "u ? -");
        assert_eq!(parse("a b c hush").unwrap_err(), "there is an argument more than there are parameters");
    }

    #[test]
    fn what_is_missing_or_twice_is_said() {
        assert_eq!(parse("-ApiUri").unwrap_err(), "missing an argument for parameter -ApiUri");
        assert_eq!(parse("-ApiUri -ApiKey k").unwrap_err(), "missing an argument for parameter -ApiUri");
        assert_eq!(parse("-ApiUri a -ApiU b").unwrap_err(), "-ApiUri is specified more than once");
    }

    #[test]
    fn every_cmdlet_has_the_common_ones() {
        let bound =
            parse("-Verbose -ea SilentlyContinue -ErrorVariable +e -ov o -OutBuffer 1 -wa Ignore u").unwrap();
        assert_eq!(
            (bound.verbose, bound.quiet, bound.error_action),
            (true, true, ErrorAction::SilentlyContinue)
        );
        assert_eq!((bound.error_variable.as_deref(), bound.out_variable.as_deref()), (Some("e"), Some("o")));
        assert_eq!((bound.ignored.as_slice(), bound.value("ApiUri")), (&["OutBuffer"][..], Some("u")));
        assert!(!parse("-Verbose:$false").unwrap().verbose);
        for wrong in ["-ea perhaps", "-ov $(id)", "-ov a;b", "-ov 1a", "-Verbose:perhaps"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_pipeline_fills_whatever_is_open() {
        let bound = parse("-ApiKey k -ApiSecretKey s").unwrap();
        assert!(bound.is_open(PARAMETERS));
        assert_eq!(bound.fed(PARAMETERS, "u").value("ApiUri"), Some("u"));
        let fed = parse("-ApiKey k").unwrap().fed(PARAMETERS, "x");
        assert_eq!(
            (fed.value("ApiUri"), fed.value("ApiKey"), fed.value("ApiSecretKey")),
            (Some("x"), Some("k"), Some("x"))
        );
        assert!(!parse("a b c").unwrap().is_open(PARAMETERS));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_value_is_repeated(arguments in prop::collection::vec("-?[a-zA-Z:$é-]{0,6}", 0..6)) {
            let _ = bind(PARAMETERS, &arguments);
            // One may be taken by the last name, and three by the parameters: the fifth is one too many.
            let hushed = bind(PARAMETERS, &[arguments, vec!["hush-hush".into(); 5]].concat());
            prop_assert!(!hushed.unwrap_err().message.contains("hush"));
        }
    }
}
