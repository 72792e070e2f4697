//! The question that everything is for: does this token count?

use super::route;
use super::wire::verify::{Answer as Reading, Answers, Question, Verify};
use crate::body;
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::{rates, reply};
use counterfoil_core::authority::{Actor, Ask, Grant, Left, Verdict};
use counterfoil_core::error::Error;
use counterfoil_core::scope::Scope;
use http::{Method, StatusCode};
use std::borrow::Cow;
use std::net::IpAddr;

const VERIFY: &str = "counterfoil.tokens.verify";
const MOST: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    let doc = Doc::new("Ask whether a token counts; a batch answers each in its place", 200);
    // Any live token may ask about itself, so the scope is looked at once the subject is known.
    vec![route(
        Method::POST,
        "/v1/verify",
        Needs::AnyDialect,
        verify,
        doc.body(named::<Verify>).reply(named::<Reading>),
    )]
}

fn verify(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let tokens = match asked(&call.body)? {
            Verify::One(question) => {
                let verdicts = weighed(room, &call, std::slice::from_ref(&question))?;
                let verdict = verdicts.into_iter().next().unwrap_or(Verdict::Unknown);
                let reply = reply::json(StatusCode::OK, &reading(&question, &verdict));
                return Ok(rates::told(reply, left(&verdict)));
            }
            Verify::Many { tokens } => tokens,
        };
        if tokens.len() > MOST {
            return Err(Error::invalid("tokens", format!("must be at most {MOST}")).into());
        }
        let verdicts = weighed(room, &call, &tokens)?;
        let readings = tokens.iter().zip(&verdicts);
        let results = readings.map(|(question, verdict)| reading(question, verdict)).collect();
        Ok(reply::json(StatusCode::OK, &Answers { results }))
    })
}

/// What is sound is read once; only what is not is looked at again, to say what is wrong with it.
fn asked(bytes: &[u8]) -> Result<Verify, Error> {
    let many = |Batch { tokens }| Verify::Many { tokens };
    let sound = body::flat(bytes).map(Verify::One).or_else(|| body::flat(bytes).map(many));
    sound.map_or_else(
        || {
            let value = body::value(bytes)?;
            let batch = value.get("tokens").is_some();
            if batch { body::shape(value).map(many) } else { body::shape(value).map(Verify::One) }
        },
        Ok,
    )
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    tokens: Vec<Question>,
}

/// Every question is sound and allowed before the first is answered: an answer notes a use.
fn weighed(room: &Room, call: &Call, questions: &[Question]) -> Result<Vec<Verdict>, Refused> {
    let actor = call.actor()?;
    let asks: Vec<Ask<'_>> =
        questions.iter().map(|question| ask(actor, question)).collect::<Result<_, _>>()?;
    let itself = questions.iter().all(|question| Some(&question.token) == call.presented.as_ref());
    if !itself || questions.is_empty() {
        actor.require(&[VERIFY])?;
    }
    let weigh = |(question, ask): (&Question, &Ask<'_>)| room.house.verify(&question.token, ask);
    Ok(questions.iter().zip(&asks).map(weigh).collect())
}

fn reading<'a>(question: &'a Question, verdict: &'a Verdict) -> Reading<'a> {
    match verdict {
        Verdict::Live(grant) => live(grant),
        Verdict::Lacks(_) => Reading {
            lacks: question.scope.as_deref().map(Cow::from).into_iter().collect(),
            ..Reading::default()
        },
        Verdict::Limited(limited) => {
            let wait = u64::try_from(limited.wait.as_secs()).ok();
            Reading { retry_after: wait.filter(|wait| *wait > 0), ..Reading::default() }
        }
        Verdict::Refused(_) | Verdict::Unknown => Reading::default(),
    }
}

fn left(verdict: &Verdict) -> &[Left] {
    match verdict {
        Verdict::Live(grant) => grant.left(),
        Verdict::Limited(limited) => &limited.left,
        Verdict::Lacks(_) | Verdict::Refused(_) | Verdict::Unknown => &[],
    }
}

fn ask<'a>(actor: &Actor, question: &'a Question) -> Result<Ask<'a>, Error> {
    let scope = question.scope.as_deref();
    if let Some(word) = scope {
        Scope::parse(word).map_err(|why| Error::invalid("scope", why))?;
    }
    let address = question.address.as_deref().map(str::parse::<IpAddr>).transpose();
    let address = address.map_err(|_| Error::invalid("address", "must be an IPv4 or IPv6 address"))?;
    Ok(Ask { realm: Some(actor.realm()), scope, address })
}

fn live(grant: &Grant) -> Reading<'_> {
    let (standing, scopes) = (grant.standing(), grant.scopes());
    Reading {
        active: true,
        lacks: Vec::new(),
        retry_after: None,
        scope: Some(scopes.to_text().into()),
        sub: Some(standing.id.0.to_string().into()),
        exp: grant.expires().map(jiff::Timestamp::as_second),
        iat: Some(grant.issued().as_second()),
        username: Some((&*standing.username).into()),
        id: Some(grant.id().into()),
        name: grant.name().map(Cow::from),
        realm: Some((&*grant.realm().slug).into()),
        dialect: Some(grant.dialect().into()),
        scopes: Some(scopes.iter().map(|word| word.as_str().to_owned().into()).collect()),
    }
}
