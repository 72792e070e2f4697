//! A whole server without a socket: every dialect at its own paths over a store in memory, with a clock that stands
//! still and chance that repeats.

use bytes::Bytes;
use counterfoil_core::authority::{Authority, Ports, bootstrap, sealed_key};
use counterfoil_core::clock::Clock as _;
use counterfoil_core::fixture::{CountedEntropy, Inline, StillClock};
use counterfoil_core::memory::Memory;
use counterfoil_core::realm::RealmId;
use counterfoil_core::secret::{Keys, RootSecret};
use counterfoil_core::signing::Algorithm;
use counterfoil_core::store::{Record, Write};
use counterfoil_dialects::dialect::{Dialect, Mount, Reply};
use counterfoil_dialects::doorway::{Answered, Doorway};
use counterfoil_dialects::origin::Origin;
use counterfoil_dialects::{DIALECTS, catalogue, formats, native};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use uuid::Uuid;

/// A Wednesday: the instant that the contract's time vectors are written for.
const WEDNESDAY: &str = "2026-03-18T10:20:30.456Z";
/// From where everybody asks who says nothing else.
pub(crate) const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Keys that sign the same in every run, so that transcripts can hold whole JWTs (but for ES256, which is randomised).
const SIGNING_KEYS: [(&str, Algorithm, &[u8]); 5] = [
    ("control-room", Algorithm::Rs512, include_bytes!("keys/control-room.rsa.pk8")),
    ("datto-rmm", Algorithm::Rs256, include_bytes!("keys/datto-rmm.rsa.pk8")),
    ("oauth", Algorithm::EdDsa, include_bytes!("keys/oauth.ed25519.pk8")),
    ("oauth", Algorithm::Rs256, include_bytes!("keys/oauth.rsa.pk8")),
    ("oauth", Algorithm::Es256, include_bytes!("keys/oauth.p256.pk8")),
];

/// A server that was just created.
pub(crate) struct World {
    pub(crate) house: Arc<Authority>,
    pub(crate) doorway: Doorway,
    pub(crate) clock: Arc<StillClock>,
    /// The first token: everything is allowed to it.
    pub(crate) admin: String,
}

impl World {
    /// With these settings at every mount that knows them.
    pub(crate) async fn create(settings: BTreeMap<String, String>) -> Self {
        for name in settings.keys() {
            assert!(DIALECTS.iter().any(|dialect| knows(dialect, name)), "no mount knows {name}");
        }
        let clock = Arc::new(StillClock::at(WEDNESDAY.parse().unwrap()));
        let entropy = Arc::new(CountedEntropy::default());
        let keys = Keys::derive(&RootSecret::generate(&*entropy).unwrap());
        let (mut change, first) = bootstrap(&keys, &*clock, &*entropy, &native::FORMAT).unwrap();
        for (dialect, algorithm, pkcs8) in SIGNING_KEYS {
            // Their seals take chance of their own: what is struck later must not depend on how many keys there are.
            let aside = CountedEntropy::default();
            let pair = (algorithm, pkcs8);
            let key = sealed_key(&keys, &aside, RealmId(1), dialect, pair, clock.now()).unwrap();
            change.writes.push(Write::Insert(Record::SigningKey(key)));
        }
        let store = Arc::new(Memory::create(keys.check(), change, Uuid::nil()).unwrap());
        let (pool, signing) = (Arc::new(Inline), Arc::new(Inline));
        let ports = Ports { store, clock: Arc::<StillClock>::clone(&clock), entropy, pool, signing };
        let house = Arc::new(Authority::open(ports, keys, catalogue(), formats()).await.unwrap());
        let mounts = DIALECTS.iter().map(|dialect| Mount {
            dialect,
            prefix: String::new(),
            realm: "default".to_owned(),
            settings: known(dialect, &settings),
        });
        let doorway = Doorway::new(&house, mounts.collect()).unwrap();
        Self { house, doorway, clock, admin: first.text.reveal().to_owned() }
    }

    /// Asks from that address.
    pub(crate) async fn ask(&self, request: Request<impl Into<Bytes>>, from: IpAddr) -> Reply {
        self.answer(request, from).await.reply
    }

    /// The same, with what answered.
    pub(crate) async fn answer(&self, request: Request<impl Into<Bytes>>, from: IpAddr) -> Answered {
        let (parts, body) = request.into_parts();
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        self.doorway.answer(Request::from_parts(parts, body), Origin::direct(from)).await
    }
}

/// Those of the settings that a mount of the dialect knows.
fn known(dialect: &Dialect, settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings.clone().into_iter().filter(|(name, _)| knows(dialect, name)).collect()
}

fn knows(dialect: &Dialect, name: &str) -> bool {
    dialect.settings.iter().any(|setting| name.starts_with(setting.name()))
}
