//! `counterfoil bench`: asks a running server about tokens for some seconds, over connections that are kept, and prints
//! how many answers came, how late, and what each cost the server.
//!
//! Kept out: how requests are spelt (`asked`), sent (`load`) and their times counted (`latency`).

mod asked;
mod latency;
mod load;
mod spent;

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::rows::Row;
use asked::Asked;
use clap::Args;
use latency::Latencies;
use load::{Load, Tally};
use schemars::JsonSchema;
use serde::Serialize;
use spent::Spent;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The tokens to check, one a line: `-` (standard input), `@FILE`, `env:NAME` or the text [default: the one asked with]
    #[arg(value_name = "SECRETS")]
    subjects: Option<String>,
    /// Ask this gate, with each token as the bearer
    #[arg(long, value_name = "NAME", conflicts_with_all = ["batch", "scope"])]
    gate: Option<String>,
    /// A scope that they must cover
    #[arg(long)]
    scope: Option<String>,
    /// Check so many tokens with each request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: Option<u16>,
    /// How long to ask
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Over how many connections
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// So many requests a second, each timed from when it was due [default: as many as are answered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Threads that ask
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// The server's process, to count its CPU [default: what its metrics say]
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Ask a server that is not on this machine
    #[arg(long)]
    anywhere: bool,
}

/// What came of it. Times are in microseconds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Measured {
    /// Requests that were answered.
    requests: u64,
    /// Tokens that count; not told of batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<u64>,
    /// Requests that were not answered, or not as they should be.
    errors: u64,
    /// How long it took.
    seconds: f64,
    /// Answers a second.
    per_second: f64,
    /// Tokens a second.
    tokens_per_second: f64,
    /// Half of the answers took at most so long.
    p50: f64,
    /// Nine in ten.
    p90: f64,
    /// 99 in a hundred.
    p99: f64,
    /// 999 in a thousand.
    p999: f64,
    /// The slowest answer.
    max: f64,
    /// The server's CPU for each answer, if that can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<f64>,
}

impl Row for Measured {
    const COLUMNS: &'static [&'static str] =
        &["requests", "errors", "per_second", "p50", "p90", "p99", "p999", "cpu"];
    const MAIN: &'static str = "per_second";
}

/// Carries the command out.
pub async fn run(args: BenchArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Measured>()?;
    let asked = Arc::new(Asked::of(&args, desk.client(), &desk.secrets)?);
    let address = address(asked.host(), args.anywhere).await?;
    let load = Load {
        address,
        asked,
        connections: args.connections.into(),
        threads: args.threads.min(args.connections).into(),
        lasting: Duration::from_secs(args.seconds),
        rate: args.rate,
    };
    let before = Spent::read(args.pid, address).await?;
    let (tally, took) = load.run().await?;
    let spent = Spent::read(args.pid, address).await?.since(&before);
    if let Some(why) = &tally.first_error {
        desk.remark(&format!("the first error: {why}"));
    }
    desk.printer.one(&measured(&args, &tally, took, spent))?;
    if desk.printer.format == Format::Table {
        desk.remark("p50 to max, and cpu (the server's, for each answer), are microseconds.");
    }
    Ok(if tally.errors == 0 { Exit::Done } else { Exit::Failed })
}

/// Where the server is; other people's machines are not put under load by mistake.
async fn address(host: &str, anywhere: bool) -> Result<SocketAddr, Failure> {
    let unknown = |why: String| Failure::new(Exit::Unreachable, format!("{host} is not found: {why}"));
    let found: Vec<_> =
        tokio::net::lookup_host(host).await.map_err(|why| unknown(why.to_string()))?.collect();
    if !anywhere && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(Failure::usage(format!(
            "{host} is not on this machine, and this leaves a server no time for others; add --anywhere if it is yours to try"
        )));
    }
    found.into_iter().next().ok_or_else(|| unknown("it has no address".to_owned()))
}

fn measured(args: &BenchArgs, tally: &Tally, took: Duration, spent: Option<Duration>) -> Measured {
    let requests = tally.latencies.count();
    let per_second = real(requests) / took.as_secs_f64();
    let each = args.batch.unwrap_or(1);
    let at = |share| round(Latencies::micros(tally.latencies.quantile(share)));
    Measured {
        requests,
        live: args.batch.is_none().then_some(tally.live),
        errors: tally.errors,
        seconds: round(took.as_secs_f64()),
        per_second: round(per_second),
        tokens_per_second: round(per_second * f64::from(each)),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: at(1.0),
        cpu: spent.filter(|_| requests > 0).map(|spent| round(spent.as_secs_f64() * 1e6 / real(requests))),
    }
}

/// Two digits after the point say all that such a measurement can.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a count that lost its last digits is as good in a rate")]
fn real(count: u64) -> f64 {
    count as f64
}
