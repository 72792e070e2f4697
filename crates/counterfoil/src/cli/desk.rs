//! What a command works with: it hands over a request, the desk sends it, reads the answer and prints it, or says what
//! would have been sent.

use super::exit::{Exit, Failure};
use super::flags::{CreateFlags, DestroyFlags, EditFlags};
use super::format::{self, Format};
use super::printer::Printer;
use super::rows::{Intended, Row};
use super::secrets::Secrets;
use crate::config::client::Client;
use crate::config::server::Server;
use crate::reach::{Reach, reachable};
use crate::system::SystemEntropy;
use anyhow::Result;
use counterfoil_core::clock::Entropy;
use counterfoil_dialects::ask::Ask;
use counterfoil_dialects::native::client::{self, Named};
use counterfoil_dialects::native::wire::Page;
use serde::de::DeserializeOwned;
use std::io::{IsTerminal, Write};
use tokio::sync::OnceCell;

/// How a command ends if nothing failed.
pub type Outcome = Result<Exit>;

/// One run's settings and its way to the authority, which opens at the first question.
pub struct Desk<'a> {
    /// How results are printed.
    pub printer: Printer,
    /// How secrets are read.
    pub secrets: Secrets<'a>,
    /// Whom to ask, and how to print.
    pub client: Client,
    /// Whether every request to a vendor is told.
    pub verbose: bool,
    server: Server,
    reach: OnceCell<Reach>,
}

impl<'a> Desk<'a> {
    /// A desk for these settings.
    pub fn new(client: Client, server: Server, secrets: Secrets<'a>) -> Self {
        let printer =
            Printer { format: client.output.value, fields: client.fields.clone(), header: client.header };
        Self { printer, secrets, client, verbose: false, server, reach: OnceCell::new() }
    }

    /// Which server, with which token.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends the request and reads its answer.
    pub async fn ask<T: DeserializeOwned>(&self, ask: Ask<T>) -> Result<T> {
        let response = self.reach().await?.ask(ask.request).await?;
        Ok(Ask::read(&response).map_err(|problem| Failure::from(*problem))?)
    }

    async fn reach(&self) -> Result<&Reach> {
        let open = || Reach::open(&self.client, &self.server, &self.secrets);
        self.reach.get_or_try_init(open).await
    }

    /// Asks and prints the one answer.
    pub async fn show<T: Row + DeserializeOwned>(&self, ask: Ask<T>) -> Outcome {
        self.printer.check::<T>()?;
        self.printer.one(&self.ask(ask).await?)?;
        Ok(Exit::Done)
    }

    /// Asks for a list, page after page, and prints it, or its first `limit` rows.
    pub async fn show_list<T: Row + DeserializeOwned>(
        &self,
        first: Ask<Page<T>>,
        limit: Option<usize>,
    ) -> Outcome {
        self.printer.check::<T>()?;
        let limit = limit.unwrap_or(usize::MAX);
        let path = first.request.uri().path().to_owned();
        let mut page = self.ask(first).await?;
        let mut items = page.items;
        while let Some(cursor) = page.next.filter(|_| items.len() < limit) {
            page = self.ask(client::next(&path, &cursor)?).await?;
            items.append(&mut page.items);
        }
        items.truncate(limit);
        self.printer.many(&items)?;
        Ok(Exit::Done)
    }

    /// Sends a creation or rotation under an idempotency key and prints the answer; if it is uncertain whether the
    /// request was carried out, names the key under which it can safely be repeated.
    pub async fn create<T: Row + DeserializeOwned>(&self, ask: Ask<T>, flags: CreateFlags) -> Outcome {
        self.printer.check::<T>()?;
        if flags.dry.run {
            return self.intend([Intended::from(&ask.request)]);
        }
        let answer = self.ask_once(ask, flags.idempotency_key).await?;
        self.printer.one(&answer)?;
        if T::SECRET && self.printer.format == Format::Table {
            self.remark("The secret is shown this once.");
        }
        Ok(Exit::Done)
    }

    /// Sends a creation under an idempotency key, a new one unless one is given; a failure that leaves it uncertain
    /// whether the request was carried out names that key.
    pub async fn ask_once<T: DeserializeOwned>(&self, ask: Ask<T>, key: Option<String>) -> Result<T> {
        let key = key.map_or_else(random_key, Ok)?;
        self.ask(ask.under(&key)?).await.map_err(|error| with_key(error, &key))
    }

    /// Sends a change, unless it changes nothing, and prints what it made.
    pub async fn edit<T: Row + DeserializeOwned>(&self, ask: Ask<T>, flags: EditFlags) -> Outcome {
        self.printer.check::<T>()?;
        if ask.request.body().as_ref() == b"{}" {
            return Err(Failure::usage("nothing to change was given; see --help for what can be").into());
        }
        if flags.dry.run {
            return self.intend([Intended::from(&ask.request)]);
        }
        self.show(ask.if_version(flags.if_version)?).await
    }

    /// Deletes after asking whether to, and says that it is done.
    pub async fn delete(&self, ask: Ask<()>, what: &str, flags: DestroyFlags) -> Outcome {
        self.destroy(ask, &format!("Delete {what}?"), &format!("Deleted {what}."), flags).await
    }

    /// Does what cannot be undone after asking whether to, and says that it is done.
    pub async fn destroy(&self, ask: Ask<()>, question: &str, done: &str, flags: DestroyFlags) -> Outcome {
        if flags.dry.run {
            return self.intend([Intended::from(&ask.request)]);
        }
        self.confirm(flags, question)?;
        self.ask(ask).await?;
        self.remark(done);
        Ok(Exit::Done)
    }

    /// Finds by name and prints.
    pub async fn show_found<N: Named<Item: Row + DeserializeOwned>>(&self, name: &str) -> Outcome {
        self.printer.check::<N::Item>()?;
        self.printer.one(&self.find::<N>(name).await?)?;
        Ok(Exit::Done)
    }

    /// Finds by name and changes.
    pub async fn edit_found<N: Named<Item: Row + DeserializeOwned>>(
        &self,
        name: &str,
        edit: &N::Edit,
        flags: EditFlags,
    ) -> Outcome {
        let item = self.find::<N>(name).await?;
        self.edit(N::edit(N::id(&item), edit)?, flags).await
    }

    /// Finds by name and deletes.
    pub async fn delete_found<N: Named<Item: DeserializeOwned>>(
        &self,
        name: &str,
        flags: DestroyFlags,
    ) -> Outcome {
        let item = self.find::<N>(name).await?;
        self.delete(N::delete(N::id(&item))?, &format!("the {} `{name}`", N::KIND), flags).await
    }

    /// The one thing that people call so.
    pub async fn find<N: Named<Item: DeserializeOwned>>(&self, name: &str) -> Result<N::Item> {
        let found = self.ask(N::named(name)?).await?.items.into_iter().next();
        let missing = || Failure::new(Exit::NotFound, format!("there is no {} `{name}`", N::KIND));
        Ok(found.ok_or_else(missing)?)
    }

    /// Prints the requests to the authority that a dry run kept back.
    pub fn intend(&self, requests: impl IntoIterator<Item = Intended>) -> Outcome {
        let server = self.client.server.as_ref().map(|server| server.value.trim_end_matches('/'));
        let whole = requests.into_iter().map(|request| request.at(server.unwrap_or_default()));
        self.print_intended(&whole.collect::<Vec<_>>())
    }

    /// Prints requests that a dry run kept back.
    pub fn print_intended(&self, requests: &[Intended]) -> Outcome {
        let format = match self.printer.format {
            Format::Value | Format::Env => Format::Json, // a script must not take the address for a secret
            other => other,
        };
        let printer = Printer { format, fields: Vec::new(), ..self.printer.clone() };
        match requests {
            [request] => printer.one(request)?,
            requests => printer.many(requests)?,
        }
        Ok(Exit::Done)
    }

    /// Asks a person whether to go on; without one, `--yes` has to say so.
    pub fn confirm(&self, flags: DestroyFlags, question: &str) -> Result<(), Failure> {
        if flags.yes {
            return Ok(());
        }
        if !can_answer() {
            return Err(Failure::usage(format!("{question} Nobody is there to answer: add --yes to go on")));
        }
        let mut answer = String::new();
        let asked = write!(std::io::stderr(), "{} [y/N] ", format::visible(question));
        let read = asked.and_then(|()| std::io::stdin().read_line(&mut answer));
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" if read.is_ok() => Ok(()),
            _ => Err(Failure::new(Exit::Failed, "nothing was done")),
        }
    }

    /// Where the store of this machine is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Tells a person something that is no result.
    pub fn remark(&self, text: &str) {
        if !self.client.quiet {
            super::remark(text);
        }
    }

    /// Where others reach the authority: the server that is asked, or the one of this machine, which knows where it
    /// answers; if none runs, where it would.
    pub async fn url(&self) -> Result<String> {
        if let Some(server) = &self.client.server {
            return Ok(server.value.clone());
        }
        if let Some(url) = self.reach().await?.address().await? {
            return Ok(url);
        }
        let scheme = if self.server.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", reachable(self.server.listen.value)))
    }

    /// What `config show` prints.
    pub fn show_config(&self) -> Outcome {
        self.printer.check::<crate::config::Line>()?;
        self.printer
            .many(&[self.client.lines(), self.server.lines()].into_iter().flatten().collect::<Vec<_>>())?;
        Ok(Exit::Done)
    }
}

/// Whether a person sits at the other end of standard input.
pub fn can_answer() -> bool {
    std::io::stdin().is_terminal()
}

fn random_key() -> Result<String> {
    let mut bytes = [0_u8; 16];
    SystemEntropy.fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn with_key(error: anyhow::Error, key: &str) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.uncertain => {
            let hint = "It may have been carried out; repeat it safely with --idempotency-key";
            Failure { message: format!("{}\n{hint} {key}", failure.message), ..failure }.into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::code_of;

    #[test]
    fn only_doubt_names_the_key_to_repeat_under() {
        let lost = || Failure::new(Exit::Unreachable, "lost");
        assert_eq!(with_key(lost().into(), "k").to_string(), "lost");
        let doubt = with_key(lost().perhaps_done().into(), "k");
        assert!(doubt.to_string().ends_with("repeat it safely with --idempotency-key k"));
        assert_eq!(code_of(&doubt), Exit::Unreachable);
    }

    #[test]
    fn keys_do_not_repeat() {
        assert_ne!(random_key().unwrap(), random_key().unwrap());
    }
}
