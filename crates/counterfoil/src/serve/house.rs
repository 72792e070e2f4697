//! Opening the house: the root secret, the store, the rules over it, and the doorway before them. A store is made only
//! by `init`, or by `serve` where neither database nor root secret exists; a doubt is one sentence and an end.

use crate::config::server::Server;
use crate::config::{self, Origin};
use crate::system::{BoundedPool, SystemClock, SystemEntropy};
use anyhow::{Context as _, Result, anyhow, bail};
use counterfoil_core::authority::{Authority, Issued, Ports, bootstrap};
use counterfoil_core::clock::{Clock as _, Future, uuid_v7};
use counterfoil_core::memory::Memory;
use counterfoil_core::secret::{Keys, RootSecret};
use counterfoil_core::store::Store;
use counterfoil_dialects::dialect::{Dialect, Mount};
use counterfoil_dialects::doorway::Doorway;
use counterfoil_dialects::{DIALECTS, native};
use counterfoil_store::Opened;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What to do where there is no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make one, if there is no root secret either.
    Make,
    /// Make one, with the root secret that lies ready or a new one; refuse if there is a store.
    Init,
    /// Say so.
    Refuse,
}

/// An open house.
pub(super) struct Household {
    /// The rules.
    pub(super) house: Arc<Authority>,
    /// What stands before them.
    pub(super) doorways: Doorways,
    /// Resolves when the store has given up for good.
    pub(super) broken: Future<'static, ()>,
    /// The first token, if the store was made just now.
    pub(super) first: Option<Issued>,
}

/// What stands before the rules.
#[derive(Debug)]
pub(super) struct Doorways {
    /// What is mounted.
    pub(super) mounted: Arc<Doorway>,
    /// Every dialect at its vendor's own paths, for the default realm: what the operator finds, whatever is mounted for
    /// others. What is made here for a mounted dialect follows that mount's settings.
    pub(super) desk: Arc<Doorway>,
}

/// Opens the house that the configuration names.
pub(super) async fn open(config: &Server, missing: Missing) -> Result<Household> {
    let (url, key_file) = (config.store.value.as_str(), config.root_secret_file.value.as_path());
    let stored = counterfoil_store::exists(url).await?;
    let keyed =
        key_file.try_exists().with_context(|| format!("{} cannot be looked at", key_file.display()))?;
    let (keys, opened, first) = match (stored, keyed, missing) {
        (true, _, Missing::Init) => bail!("there is a store at {url} already; nothing was changed"),
        (true, true, _) => {
            let keys = Keys::derive(&root_secret(config)?);
            let opened = counterfoil_store::open(url, keys.check()).await?;
            (keys, opened, None)
        }
        (true, false, _) => bail!(
            "the store {url} is there but its root secret {} is not; put it back, or name it with --root-secret-file",
            key_file.display()
        ),
        (false, true, Missing::Make | Missing::Refuse) => bail!(
            "the root secret {} is there but its store {url} is not; restore it, name it with --store, \
             or make a new one for this secret with `counterfoil init`",
            key_file.display()
        ),
        (false, false, Missing::Refuse) => {
            bail!(
                "there is no store at {url}; make one with `counterfoil init`, or start `counterfoil serve`"
            )
        }
        (false, _, Missing::Make | Missing::Init) => make(config, keyed, missing).await?,
    };
    let house = rules(keys, opened.store).await?;
    let doorways = doorways(config, &house, missing)?;
    Ok(Household { house, doorways, broken: opened.broken, first })
}

/// The rules over this store.
async fn rules(keys: Keys, store: Arc<dyn Store>) -> Result<Arc<Authority>> {
    let ports = Ports {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        pool: Arc::new(BoundedPool::new(1, 64)),
        signing: Arc::new(BoundedPool::new(1, 64)),
    };
    let catalogue = counterfoil_dialects::catalogue();
    Ok(Arc::new(Authority::open(ports, keys, catalogue, counterfoil_dialects::formats()).await?))
}

/// Makes the store. What it leaves behind when it fails halfway is nothing.
async fn make(config: &Server, keyed: bool, missing: Missing) -> Result<(Keys, Opened, Option<Issued>)> {
    let key_file = config.root_secret_file.value.as_path();
    let root = if keyed { root_secret(config)? } else { RootSecret::generate(&SystemEntropy)? };
    let keys = Keys::derive(&root);
    let (change, first) = bootstrap(&keys, &SystemClock, &SystemEntropy, &native::FORMAT)?;
    let epoch = uuid_v7(SystemClock.now(), &SystemEntropy)?;
    if !config.mounts.value.is_empty() || config.public_url.is_some() {
        // Wrong mounts are found before there is a store whose first token nobody saw.
        let rehearsal = Memory::create(keys.check(), change.clone(), epoch)?;
        doorways(config, &rules(Keys::derive(&root), Arc::new(rehearsal)).await?, missing)?;
    }
    let token_file = config.first_token_file.as_ref().map(|file| file.value.as_path());
    if !keyed {
        let mut line = Zeroizing::new(root.reveal().to_vec());
        line.push(b'\n');
        write_new(key_file, 0o400, &line).context("the root secret could not be written")?;
    }
    let made = async {
        if let Some(file) = token_file {
            let line = Zeroizing::new(format!("{}\n", first.text.reveal()));
            write_new(file, 0o600, line.as_bytes()).context("the first token could not be written")?;
        }
        let opened = counterfoil_store::create(&config.store.value, keys.check(), change, epoch).await;
        opened.map_err(|error| {
            // We wrote it a moment ago, and what it names does not exist.
            token_file.map(fs::remove_file);
            anyhow::Error::from(error)
        })
    };
    match made.await {
        Ok(opened) => Ok((keys, opened, Some(first))),
        Err(error) => {
            if !keyed {
                fs::remove_file(key_file)
                    .with_context(|| format!("{} is left over; remove it", key_file.display()))?;
            }
            Err(error)
        }
    }
}

/// Reads the root secret; a file that others can read is refused, except systemd's own.
fn root_secret(config: &Server) -> Result<RootSecret> {
    let file = config.root_secret_file.value.as_path();
    let shown = file.display();
    let mode =
        fs::metadata(file).with_context(|| format!("{shown} cannot be looked at"))?.permissions().mode();
    let ours = config.root_secret_file.origin != Origin::Variable("CREDENTIALS_DIRECTORY");
    if ours && mode & 0o077 != 0 {
        bail!(
            "the root secret {shown} can be read by others (mode {:03o}); run `chmod 400 {shown}`",
            mode & 0o777
        );
    }
    let bytes =
        Zeroizing::new(fs::read(file).with_context(|| format!("the root secret {shown} cannot be read"))?);
    RootSecret::parse(&bytes).map_err(|error| anyhow!("{shown}: {error}"))
}

/// Writes a file that must not exist yet, for its owner only, and makes sure that it lasts.
fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("{} exists already or cannot be made", path.display()))?;
    let written = file
        .set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all());
    written
        .inspect_err(|_| drop(fs::remove_file(path)))
        .with_context(|| format!("{} could not be written", path.display()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)
        .and_then(|directory| directory.sync_all())
        .with_context(|| format!("{} could not be synced", parent.display()))
}

fn doorways(config: &Server, house: &Arc<Authority>, missing: Missing) -> Result<Doorways> {
    let everything: Vec<_> = DIALECTS.iter().map(|dialect| everywhere(config, dialect)).collect();
    let configured: Result<Vec<_>> = config.mounts.value.iter().map(|mount| placed(config, mount)).collect();
    let mounts = Some(configured?).filter(|mounts| !mounts.is_empty()).unwrap_or_else(|| everything.clone());
    let mounts: Arc<[Mount]> = mounts.into();
    let beside =
        |some: &[Mount]| Doorway::beside(house, some, &mounts).map(Arc::new).map_err(|why| anyhow!(why));
    let desk = beside(&everything)?;
    // A mount may be for a realm that the operator has yet to make.
    if missing != Missing::Make {
        return Ok(Doorways { mounted: Arc::clone(&desk), desk });
    }
    if let Some(mount) = mounts.iter().find(|mount| house.realm(&mount.realm).is_none()) {
        bail!(
            "the mount of {} is for the realm `{}`, which does not exist; make it with `counterfoil realm create`",
            mount.dialect.name,
            mount.realm
        );
    }
    Ok(Doorways { mounted: beside(&mounts)?, desk })
}

/// A dialect at its vendor's own paths, for the default realm.
fn everywhere(config: &Server, dialect: &'static Dialect) -> Mount {
    let realm = counterfoil_core::realm::DEFAULT.to_owned();
    Mount { dialect, prefix: String::new(), realm, settings: shared_settings(config, dialect) }
}

/// A dialect where the configuration wants it.
fn placed(config: &Server, mount: &config::server::Mount) -> Result<Mount> {
    let names = || DIALECTS.iter().map(|dialect| dialect.name).collect::<Vec<_>>().join(", ");
    let dialect = counterfoil_dialects::dialect(&mount.dialect)
        .ok_or_else(|| anyhow!("there is no dialect `{}` to mount; there are {}", mount.dialect, names()))?;
    let prefix = mount.prefix.trim_end_matches('/').to_owned();
    if !prefix.is_empty() && !prefix.starts_with('/') {
        bail!("the mount prefix `{prefix}` does not begin with `/`");
    }
    let mut settings = shared_settings(config, dialect);
    settings.extend(mount.settings.iter().map(|(name, value)| (name.clone(), text(value))));
    Ok(Mount { dialect, prefix, realm: mount.realm.clone(), settings })
}

/// What every mount is told that knows it, unless it says otherwise.
fn shared_settings(config: &Server, dialect: &Dialect) -> BTreeMap<String, String> {
    let url = config.public_url.iter().map(|url| ("public_url".to_owned(), url.value.clone()));
    url.filter(|(name, _)| dialect.settings.iter().any(|setting| setting.name() == name)).collect()
}

fn text(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
