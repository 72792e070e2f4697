//! Exchange: a proof in, a session out. The dialect says what stands in the JWT, how long it lives and which sessions a
//! new one ends; what it is worth is decided here.

use super::recall::Age;
use super::{Actor, Authority, Proved, on_pool};
use crate::clock::uuid_v7;
use crate::error::{Error, Unauthenticated};
use crate::journal::{Action, Entry};
use crate::principal::{Principal, PrincipalId};
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::secret::Secret;
use crate::session::Session;
use crate::signing::{Algorithm, Members};
use crate::store::{Key, Query, Record, SessionFilter, StoreError, Touch, Write};
use crate::token::{State, TokenNumber};
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;
use uuid::Uuid;

/// What kind of session is wanted.
pub struct Exchange<'a> {
    /// Whose API it shall open.
    pub dialect: &'static str,
    /// With what it is signed.
    pub algorithm: Algorithm,
    /// How long it lives; never longer than the key that buys it.
    pub lifetime: SignedDuration,
    /// Whether it lives beside others; one that does not ends those of its kind that live.
    pub multiple: bool,
    /// How many may live beside each other; the oldest ends.
    pub most: usize,
    /// What it may do; everything that its key, or else its principal, may if absent.
    pub scopes: Option<ScopeSet>,
    /// For whom it is meant, or empty.
    pub audience: &'a str,
    /// Who asked for it, or empty.
    pub client: &'a str,
    /// Who acts in whose name.
    pub actors: Vec<String>,
    /// From where.
    pub address: Option<IpAddr>,
    /// What stands in the JWT.
    pub word: &'a (dyn Fn(&Minted<'_>) -> Worded + Send + Sync),
}

/// What a dialect needs to know to word a JWT.
#[derive(Debug)]
pub struct Minted<'a> {
    /// Whom it speaks for.
    pub principal: &'a Principal,
    /// Its record, but for the digest.
    pub session: &'a Session,
    /// Chance for whatever the vendor puts in besides.
    pub nonce: [u8; 32],
}

/// Header and claims of a JWT, in their order.
#[derive(Debug)]
pub struct Worded {
    /// The JOSE header.
    pub header: Members,
    /// The claims.
    pub claims: Members,
}

/// A session that began.
#[derive(Debug)]
pub struct Started {
    /// The JWT, shown once.
    pub jwt: Secret,
    /// Its record.
    pub session: Session,
    /// Whom it speaks for.
    pub principal: Principal,
}

impl Authority {
    /// Starts a session for whoever proved to be somebody.
    pub async fn exchange(&self, proved: &Proved, wanted: &Exchange<'_>) -> Result<Started, Error> {
        let key = proved.key.as_ref();
        let ground = Ground {
            realm: proved.principal.realm,
            scopes: within(self.held_by(proved)?, wanted.scopes.as_ref())?,
            bought_with: key.map(|key| key.number),
            networks: key.map(|key| key.networks.clone()).unwrap_or_default(),
            ends: key.and_then(|key| key.expires),
            refreshed_from: None,
            proved: Some(proved.age),
        };
        let started = self.start(proved.principal.clone(), ground, wanted, None).await?;
        let login = Touch::Login { principal: started.principal.id, at: started.session.issued };
        self.noted.add([login]);
        Ok(started)
    }

    /// Replaces a live session by a new one of the same worth.
    pub async fn refresh(&self, actor: &Actor, wanted: &Exchange<'_>) -> Result<Started, Error> {
        let old = actor.session().ok_or(Unauthenticated::Invalid)?.clone();
        let ends = match old.bought_with {
            Some(number) => match self.store.find(Key::Token(number)).await? {
                Some(Record::Token(key)) => key.expires,
                _ => return Err(Unauthenticated::Invalid.into()),
            },
            None => None,
        };
        let Some(Record::Principal(principal)) = self.store.find(Key::Principal(old.principal)).await? else {
            return Err(Unauthenticated::Invalid.into());
        };
        let ground = Ground {
            realm: old.realm,
            scopes: old.scopes.clone(),
            bought_with: old.bought_with,
            networks: old.networks.clone(),
            ends,
            refreshed_from: Some(old.id),
            proved: None,
        };
        self.start(principal, ground, wanted, Some(old.id)).await
    }

    /// What somebody who proved to be somebody may do now.
    pub(super) fn held_by(&self, proved: &Proved) -> Result<ScopeSet, Error> {
        let standing = self.index.roster.standing(proved.principal.id).ok_or(Unauthenticated::Invalid)?;
        Ok(match &proved.key {
            Some(key) if !key.scopes.is_empty() => key.scopes.cut_to(&standing.scopes()),
            _ => standing.scopes(),
        })
    }

    pub(super) async fn start(
        &self,
        principal: Principal,
        ground: Ground,
        wanted: &Exchange<'_>,
        replaced: Option<Uuid>,
    ) -> Result<Started, Error> {
        let signer = self.signer(ground.realm, wanted.dialect, wanted.algorithm).await?;
        let now = self.now();
        let ending = now.saturating_add(wanted.lifetime).unwrap_or(Timestamp::MAX);
        let mut session = Session {
            id: uuid_v7(now, &*self.entropy)?,
            realm: ground.realm,
            digest: self.keys.bearer(""),
            principal: principal.id,
            bought_with: ground.bought_with,
            dialect: wanted.dialect.into(),
            scopes: ground.scopes.clone(),
            audience: wanted.audience.to_owned(),
            client: wanted.client.to_owned(),
            actors: wanted.actors.clone(),
            kid: signer.kid().to_owned(),
            networks: ground.networks.clone(),
            address: wanted.address,
            multiple: wanted.multiple,
            refreshed_from: ground.refreshed_from,
            issued: now,
            expires: ground.ends.map_or(ending, |key| key.min(ending)),
            ended: None,
        };
        let mut nonce = [0; 32];
        self.entropy.fill(&mut nonce)?;
        let worded = (wanted.word)(&Minted { principal: &principal, session: &session, nonce });
        let jwt = if wanted.algorithm.is_rsa() {
            on_pool(&self.signing, move || signer.jwt(&worded.header, &worded.claims)).await??
        } else {
            signer.jwt(&worded.header, &worded.claims)?
        };
        session.digest = self.keys.bearer(jwt.reveal());

        let _held = self.hold(("sessions", principal.id)).await;
        let now = self.now();
        self.still_holds(&principal, &ground, now).await?;
        let present = self.live_sessions(&principal, wanted.dialect, now).await?;
        if replaced.is_some_and(|old| !present.iter().any(|other| other.id == old)) {
            return Err(Unauthenticated::Invalid.into());
        }
        let (gone, stay): (Vec<_>, Vec<_>) = present
            .into_iter()
            .partition(|other| replaced == Some(other.id) || (!wanted.multiple && !other.multiple));
        let beside = stay.iter().filter(|other| other.multiple == wanted.multiple).count();
        let surplus = (beside + 1).saturating_sub(wanted.most);
        let oldest = stay.into_iter().filter(|other| other.multiple == wanted.multiple).take(surplus);
        let mut writes = vec![Write::Insert(Record::Session(session.clone()))];
        let mut journal = Vec::new();
        let itself = Actor::operator(session.realm);
        for other in gone.into_iter().chain(oldest) {
            let (write, mut line) = ended(&itself, other, now);
            line.actor = Some(principal.id);
            line.detail.insert("by".into(), session.id.to_string().into());
            journal.push(line);
            writes.push(write);
        }
        self.commit(writes, journal, now).await?;
        Ok(Started { jwt, session, principal })
    }

    /// Refuses a proof that was overtaken: by the principal's disabling or deletion, by another password or second
    /// factor, by the end of the key. Whatever ends sessions holds the lock under which this is asked, so that none
    /// begins unseen.
    async fn still_holds(&self, proved: &Principal, ground: &Ground, now: Timestamp) -> Result<(), Error> {
        let live = self.index.roster.standing(proved.id).is_some_and(|standing| standing.is_live());
        if live && ground.proved == Some(self.recall.age()) && ground.ends.is_none_or(|end| now < end) {
            return Ok(());
        }
        let key = ground.bought_with;
        let record = self.store.find(key.map_or(Key::Principal(proved.id), Key::Token)).await?;
        let holds = match record {
            Some(Record::Token(key)) => key.state(now) == State::Active,
            Some(Record::Principal(present)) => {
                present.password == proved.password && present.totp == proved.totp
            }
            _ => false,
        };
        if live && holds { Ok(()) } else { Err(Unauthenticated::Invalid.into()) }
    }

    pub(super) async fn live_sessions(
        &self,
        principal: &Principal,
        dialect: &str,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let filter = SessionFilter {
            principal: Some(principal.id),
            dialect: Some(dialect.to_owned()),
            live_at: Some(now),
            ..SessionFilter::of(principal.realm)
        };
        self.sessions_found(filter).await
    }

    pub(super) async fn sessions_found(&self, filter: SessionFilter) -> Result<Vec<Session>, StoreError> {
        let mut found: Vec<Session> = Vec::new();
        loop {
            let after = found.last().map(|last| last.id);
            let page = self.some_sessions(&filter, after, PAGE).await?;
            let last = page.len() < PAGE;
            found.extend(page);
            if last {
                return Ok(found);
            }
        }
    }

    pub(super) async fn some_sessions(
        &self,
        filter: &SessionFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let query = Query::Sessions { filter: Box::new(filter.clone()), after, limit };
        let session = |record| if let Record::Session(session) = record { Some(session) } else { None };
        Ok(self.store.list(query).await?.into_iter().filter_map(session).collect())
    }

    /// What ends every live session that the filter finds, a line each.
    pub(super) async fn ending(
        &self,
        actor: &Actor,
        filter: SessionFilter,
        now: Timestamp,
    ) -> Result<Vec<(Write, Entry)>, StoreError> {
        let filter = SessionFilter { live_at: Some(now), ..filter };
        let found = self.sessions_found(filter).await?;
        Ok(found.into_iter().map(|session| ended(actor, session, now)).collect())
    }
}

/// How many sessions are read at once.
const PAGE: usize = 1_000;

/// What ends a session, and the line that says so.
pub(super) fn ended(actor: &Actor, session: Session, now: Timestamp) -> (Write, Entry) {
    let line = actor.line(Action::SessionEnd, session.id.to_string(), now);
    (Write::Update(Record::Session(Session { ended: Some(now), ..session })), line)
}

/// What was asked for, if it lies within what is held.
pub(super) fn within(held: ScopeSet, asked: Option<&ScopeSet>) -> Result<ScopeSet, Error> {
    let Some(asked) = asked else { return Ok(held) };
    match asked.iter().find(|word| !held.covers(word.as_str())) {
        None => Ok(asked.clone()),
        Some(word) => {
            Err(Error::forbidden([word.as_str()], format!("the credential lacks the scope {word}")))
        }
    }
}

/// What a session stands on.
pub(super) struct Ground {
    pub(super) realm: RealmId,
    pub(super) scopes: ScopeSet,
    pub(super) bought_with: Option<TokenNumber>,
    pub(super) networks: Vec<ipnet::IpNet>,
    pub(super) ends: Option<Timestamp>,
    pub(super) refreshed_from: Option<Uuid>,
    /// Since when nothing of the proof has changed, if it was proved just now.
    pub(super) proved: Option<Age>,
}

impl SessionFilter {
    /// Every session of the realm.
    pub fn of(realm: RealmId) -> Self {
        Self { realm, principal: None, dialect: None, bought_with: None, kid: None, live_at: None }
    }

    /// Every session of a principal.
    pub fn of_principal(realm: RealmId, principal: PrincipalId) -> Self {
        Self { principal: Some(principal), ..Self::of(realm) }
    }
}
