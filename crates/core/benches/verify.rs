//! What a verification costs in process, over 10 thousand and a million tokens, and what a token costs in memory.
//!
//! `cargo bench -p counterfoil-core --bench verify`

#![expect(clippy::expect_used, reason = "a benchmark that cannot start has nothing to say")]

use counterfoil_core::authority::{Ask, Authority, Ports, Verdict};
use counterfoil_core::catalogue::Catalogue;
use counterfoil_core::clock::Future;
use counterfoil_core::fixture::{CountedEntropy, Inline, StillClock};
use counterfoil_core::format::{BASE62, Format, Part};
use counterfoil_core::journal::Entry;
use counterfoil_core::load::Sink;
use counterfoil_core::principal::{Principal, PrincipalId};
use counterfoil_core::realm::{Realm, RealmId};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::{Keys, RootSecret};
use counterfoil_core::store::{
    Change, JournalFilter, Key, Meta, Query, Record, Store, StoreError, TokenFilter, Touch,
};
use counterfoil_core::token::{Text, Token, TokenNumber};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use std::hint::black_box;
use std::sync::Arc;
use uuid::Uuid;

static FORMAT: Format = Format {
    public: &[Part::Fixed("cf_"), Part::Drawn(BASE62, 12)],
    hidden: &[Part::Fixed("_"), Part::Drawn(BASE62, 43), Part::Checksum],
    joined: true,
    shown_again: false,
};

/// A store that only has something to load.
struct Loaded(Vec<Record>);

impl Store for Loaded {
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>> {
        let meta = Meta { epoch: Uuid::nil(), check: [0; 16], mark: Timestamp::UNIX_EPOCH };
        Box::pin(std::future::ready(Ok(meta)))
    }

    fn load(&self, _: Timestamp, mut sink: Sink) -> Future<'_, Result<(), StoreError>> {
        self.0.iter().cloned().for_each(|record| sink(record.into()));
        Box::pin(std::future::ready(Ok(())))
    }

    fn reserve(&self, _: u64) -> Future<'_, Result<u64, StoreError>> {
        nothing()
    }
    fn commit(&self, _: Change) -> Future<'_, Result<(), StoreError>> {
        nothing()
    }
    fn find(&self, _: Key) -> Future<'_, Result<Option<Record>, StoreError>> {
        nothing()
    }
    fn list(&self, _: Query) -> Future<'_, Result<Vec<Record>, StoreError>> {
        nothing()
    }
    fn count(&self, _: TokenFilter) -> Future<'_, Result<u64, StoreError>> {
        nothing()
    }
    fn journal(&self, _: JournalFilter, _: usize) -> Future<'_, Result<Vec<Entry>, StoreError>> {
        nothing()
    }
    fn touch(&self, _: Vec<Touch>) -> Future<'_, Result<(), StoreError>> {
        nothing()
    }
}

fn nothing<T: Send + 'static>() -> Future<'static, Result<T, StoreError>> {
    Box::pin(std::future::ready(Err(StoreError::Unavailable("this store only loads".into()))))
}

/// A house over so many tokens, some of their texts in random order, and the bytes that each token took before and after
/// it was checked.
fn house(tokens: u64) -> (Authority, Vec<String>, [u64; 2]) {
    let now: Timestamp = "2026-03-18T10:20:30.456Z".parse().expect("a constant");
    let (clock, entropy) = (StillClock::at(now), CountedEntropy::default());
    let keys = Keys::derive(&RootSecret::generate(&entropy).expect("counted"));
    let (realm, admin) = (RealmId(1), PrincipalId(Uuid::from_u128(1)));
    let mut records = vec![
        Record::Realm(realm_record(realm, now)),
        Record::Principal(Principal::new(admin, realm, 1, "admin", now)),
    ];
    let scopes = ScopeSet::of(&["metrics.read", "logs.read"]);
    let mut texts = Vec::new();
    for number in 1..=tokens {
        let struck = FORMAT.strike(&entropy).expect("counted");
        let number = TokenNumber(number);
        let digest = keys.bearer(struck.text.reveal());
        records.push(Record::Token(token(number, realm, admin, &struck.id, scopes.clone(), now)));
        records.push(Record::Text(Text::live(digest, number)));
        if number.0.is_multiple_of(tokens / 10_000) {
            texts.push(struck.text.reveal().to_owned());
        }
    }
    let ports = Ports {
        store: Arc::new(Loaded(records)),
        clock: Arc::new(clock),
        entropy: Arc::new(entropy),
        pool: Arc::new(Inline),
        signing: Arc::new(Inline),
    };
    let before = resident();
    let opening = Authority::open(ports, keys, Catalogue::new(Vec::new()), vec![("native", &FORMAT)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let house = runtime.block_on(opening).expect("it only loads");
    let loaded = resident();
    // The same chance strikes the same texts.
    let again = CountedEntropy::default();
    RootSecret::generate(&again).expect("counted");
    let ask = Ask { address: Some([192, 0, 2, 1].into()), ..Ask::default() };
    for _ in 0..tokens {
        let text = FORMAT.strike(&again).expect("counted").text;
        assert!(matches!(house.verify(text.reveal(), &ask), Verdict::Live(_)));
    }
    let bytes = [loaded, resident()].map(|now| now.saturating_sub(before) / tokens);
    // A stride that visits the sample in an order that no cache foresees.
    let order = (0..texts.len()).map(|at| at * 7_919 % texts.len());
    let texts = order.map(|at| texts[at].clone()).collect();
    (house, texts, bytes)
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn verify(criterion: &mut Criterion) {
    for tokens in [10_000, 1_000_000] {
        let (house, texts, [loaded, checked]) = house(tokens);
        println!("{tokens} tokens: {loaded} bytes each in the index, {checked} once each was checked");
        let mut next = texts.iter().cycle();
        let ask = Ask { scope: Some("metrics.read"), ..Ask::default() };
        criterion.bench_function(&format!("verify a live token of {tokens}"), |bencher| {
            bencher.iter(|| {
                let verdict = house.verify(next.next().expect("endless"), black_box(&ask));
                assert!(matches!(verdict, Verdict::Live(_)));
            });
        });
        criterion.bench_function(&format!("verify an unknown text beside {tokens}"), |bencher| {
            bencher.iter(|| house.verify(black_box("cf_0123456789AB_nobody-knows-this-text"), &ask));
        });
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);

fn realm_record(id: RealmId, now: Timestamp) -> Realm {
    Realm {
        id,
        slug: "default".into(),
        name: "default".into(),
        uuid: Uuid::nil(),
        next_principal: 2,
        next_role: 1,
        personal_tokens: true,
        version: 1,
        created: now,
    }
}

fn token(
    number: TokenNumber,
    realm: RealmId,
    principal: PrincipalId,
    id: &str,
    scopes: ScopeSet,
    now: Timestamp,
) -> Token {
    Token { name: "bench".into(), scopes, ..Token::new(number, realm, id, "native", principal, now) }
}
