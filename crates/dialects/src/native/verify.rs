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
        let value = body::value(&call.body)?;
        if value.get("tokens").is_none() {
            let question: Question = body::shape(value)?;
            let verdicts = weighed(room, &call, std::slice::from_ref(&question))?;
            let verdict = verdicts.into_iter().next().unwrap_or(Verdict::Unknown);
            let reply = reply::json(StatusCode::OK, &reading(&question, &verdict));
            return Ok(rates::told(reply, left(&verdict)));
        }
        let batch: Batch = body::shape(value)?;
        if batch.tokens.len() > MOST {
            return Err(Error::invalid("tokens", format!("must be at most {MOST}")).into());
        }
        let verdicts = weighed(room, &call, &batch.tokens)?;
        let readings = batch.tokens.iter().zip(&verdicts);
        let results = readings.map(|(question, verdict)| reading(question, verdict)).collect();
        Ok(reply::json(StatusCode::OK, &Answers { results }))
    })
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

fn reading(question: &Question, verdict: &Verdict) -> Reading {
    match verdict {
        Verdict::Live(grant) => live(grant),
        Verdict::Lacks(_) => {
            Reading { lacks: question.scope.iter().cloned().collect(), ..Reading::default() }
        }
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

fn live(grant: &Grant) -> Reading {
    let scopes = grant.scopes();
    Reading {
        active: true,
        lacks: Vec::new(),
        retry_after: None,
        scope: Some(scopes.to_text()),
        sub: Some(grant.standing().id.0.to_string()),
        exp: grant.expires().map(jiff::Timestamp::as_second),
        iat: Some(grant.issued().as_second()),
        username: Some(grant.standing().username.to_string()),
        id: Some(grant.id().to_string()),
        name: grant.name().map(ToOwned::to_owned),
        realm: Some(grant.realm().slug.to_string()),
        dialect: Some(grant.dialect().to_owned()),
        scopes: Some(scopes.iter().map(ToString::to_string).collect()),
    }
}
