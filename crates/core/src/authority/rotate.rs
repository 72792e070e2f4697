//! Rotate: a new text for the same token, in one transaction; the old one may count a little longer.

use super::{Actor, Authority, Idempotency, Issued, View};
use crate::error::{Error, Unauthenticated};
use crate::journal::{Action, Entry};
use crate::secret::Digest;
use crate::store::{Query, Record, StoreError, Write};
use crate::token::{State, Text, TextState, Token};
use crate::when;
use jiff::{SignedDuration, Timestamp};

impl Authority {
    /// Strikes a new text; the live one counts for `overlap` longer, an overlap that is still running ends.
    pub async fn rotate(
        &self,
        actor: &Actor,
        view: &View,
        id: &str,
        overlap: SignedDuration,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        if actor.is_echo() {
            return self.rotated_before(actor, id, once).await;
        }
        loop {
            match self
                .once(actor, once, rotated, || self.rotate_as_read(actor, view, id, overlap, once))
                .await
            {
                // Another node was faster: read again, decide again.
                Err(Error::Stale(_)) => {}
                outcome => return outcome,
            }
        }
    }

    async fn rotate_as_read(
        &self,
        actor: &Actor,
        view: &View,
        id: &str,
        overlap: SignedDuration,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        let _held = self.hold(("token", actor.realm(), id)).await;
        let mut token = self.changeable(actor, view, id).await?;
        let now = self.now();
        if token.state(now) == State::Revoked {
            return Err(Error::Conflict("the token is revoked, for good".to_owned()));
        }
        let owner = self.index.roster.standing(token.principal).ok_or(Error::NotFound("principal"))?;
        self.may_hand_out(actor, view, &token, &owner)?;
        let format = self.format(&token.dialect).ok_or(Error::NotFound("dialect"))?;
        let text = format.strike_for(&token.id, &*self.entropy)?;
        let overlap_until =
            (!overlap.is_zero()).then(|| now.saturating_add(overlap).unwrap_or(Timestamp::MAX));

        token.version += 1;
        let issued = Issued::new(&token, &owner, text, overlap_until);
        let replaced = self.texts(&token).await?;
        let mut writes = self.kept(actor, once, &outcome(&replaced, &issued), now)?;
        writes.push(Write::Update(Record::Token(token.clone())));
        for mut old in replaced {
            let keeps = old.state == TextState::Live && overlap_until.is_some();
            old.state = if keeps { TextState::Overlap } else { TextState::Spent };
            old.until = overlap_until.filter(|_| keeps);
            old.sealed = None;
            writes.push(Write::Update(Record::Text(old)));
        }
        // The old texts first, so that there is never more than one live one.
        writes.push(Write::Insert(Record::Text(self.live_text(format, &issued.text, token.number)?)));
        let mut line: Entry = actor.line(Action::TokenRotate, &*token.id, now);
        line.detail.insert("overlap_until".into(), overlap_until.map(when::iso).into());
        self.commit(writes, vec![line], now).await?;
        Ok(issued)
    }

    /// What a rotation gave, once more, for whoever holds the text that it spent.
    async fn rotated_before(
        &self,
        echo: &Actor,
        id: &str,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        let itself = echo.credential().is_some_and(|credential| *credential == *id);
        if let Some(once) = once.filter(|_| itself)
            && let Some(spent) = echo.spent()
            && let Some(outcome) = self.replayed(echo, once).await?
            && let (replaced, issued) = taken_apart(&outcome)
            && replaced.contains(&spent.0)
        {
            return Issued::from_bytes(issued);
        }
        Err(Unauthenticated::Invalid.into())
    }

    /// The live text and the overlap of a token, the overlap first.
    pub(super) async fn texts(&self, token: &Token) -> Result<Vec<Text>, StoreError> {
        let records = self.store.list(Query::Texts(token.number)).await?;
        let mut texts: Vec<Text> = records
            .into_iter()
            .filter_map(|record| if let Record::Text(text) = record { Some(text) } else { None })
            .collect();
        texts.sort_by_key(|text| text.state == TextState::Live);
        Ok(texts)
    }
}

/// What is kept of a rotation: how many texts it replaced, their digests, and what it gave. An older text than those
/// hears nothing of it.
fn outcome(replaced: &[Text], issued: &Issued) -> Vec<u8> {
    let mut outcome = vec![u8::try_from(replaced.len()).unwrap_or(0)];
    outcome.extend(
        replaced.iter().take(usize::from(outcome[0])).flat_map(|Text { digest: Digest(bytes), .. }| *bytes),
    );
    outcome.extend(issued.to_bytes().iter());
    outcome
}

fn taken_apart(outcome: &[u8]) -> (&[[u8; 32]], &[u8]) {
    let (count, rest) =
        outcome.split_first().map_or((0, outcome), |(count, rest)| (usize::from(*count), rest));
    let (replaced, issued) = rest.split_at_checked(count * 32).unwrap_or((&[], rest));
    (replaced.as_chunks().0, issued)
}

fn rotated(outcome: &[u8]) -> Result<Issued, Error> {
    Issued::from_bytes(taken_apart(outcome).1)
}
