//! Metrics, in the OpenMetrics text form and in the one before it. Labels are bounded: nothing that a caller wrote becomes
//! one. `docs/metrics.md` explains each.

use crate::system;
use counterfoil_core::authority::Authority;
use counterfoil_dialects::doorway::Answered;
use hashbrown::HashMap;
use http::Method;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every metric of the server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Answer, Histogram, fn() -> Histogram>,
    /// Those that were noted already, so that the next of them need not look up either family.
    noted: RwLock<HashMap<Request, (Counter, Histogram)>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    dialect: &'static str,
    route: Arc<str>,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    dialect: &'static str,
    route: Arc<str>,
}

impl Metrics {
    /// Over this house.
    pub(super) fn new(house: Arc<Authority>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        let ours = registry.sub_registry_with_prefix("counterfoil");
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        ours.register("requests", "Requests answered", requests.clone());
        ours.register("request_seconds", "How long answering took", seconds.clone());
        ours.register("build", "What is running", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        ours.register_collector(Box::new(House(house)));
        Self { registry, requests, seconds, noted: RwLock::default() }
    }

    /// Notes one answered request.
    pub(super) fn note(&self, answered: &Answered, method: &Method, took: Duration) {
        let (dialect, route, status) = (answered.dialect, &answered.route, answered.reply.status().as_u16());
        let request = Request { dialect, route: Arc::clone(route), method: known(method), status };
        let note = |(requests, seconds): &(Counter, Histogram)| {
            requests.inc();
            seconds.observe(took.as_secs_f64());
        };
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner).get(&request).map(note);
        if noted.is_none() {
            let both = (
                self.requests.get_or_create(&request).clone(),
                self.seconds.get_or_create(&Answer { dialect, route: Arc::clone(route) }).clone(),
            );
            note(&both);
            self.noted.write().unwrap_or_else(PoisonError::into_inner).insert(request, both);
        }
    }

    /// The whole text, and its media type: OpenMetrics for whoever accepts it, else what came before it.
    pub(super) fn text(&self, accepted: Option<&str>) -> Result<(&'static str, String), std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        let open = accepted.is_some_and(|accepted| accepted.contains("application/openmetrics-text"));
        Ok(if open { (OPEN_METRICS, text) } else { (CLASSIC, classic(&text)) })
    }
}

const BUCKETS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// The method, or one word for all that are none of ours.
fn known(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 6] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
    ];
    KNOWN.iter().find(|(each, _)| each == method).map_or("other", |(_, name)| name)
}

/// What the house counts itself, read when somebody asks.
#[derive(Debug)]
struct House(Arc<Authority>);

impl Collector for House {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let house = &self.0;
        let mut gauge = |name: &str, help: &str, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge("index_texts", "Texts of tokens and sessions that may count", count(house.index_len()))?;
        gauge("sessions", "Sessions among them", count(house.sessions_len()))?;
        gauge("index_in_doubt", "1 while a commit has an unknown outcome", f64::from(house.in_doubt()))?;
        let help = "When the index was last known to be as the store is";
        gauge("index_followed_timestamp_seconds", help, house.followed().as_duration().as_secs_f64())?;

        let help = "Checks of credentials, by gate, dialect of the credential and outcome";
        let mut checks = encoder.encode_descriptor("checks", help, None, MetricType::Counter)?;
        for (gate, tally) in house.tallies() {
            // No gate has this name.
            let gate = gate.as_ref().map_or("-", |gate| gate.name.as_str());
            for (dialect, outcome, count) in tally.counts() {
                let labels = [("gate", gate), ("dialect", dialect), ("outcome", outcome.as_str())];
                ConstCounter::new(count).encode(checks.encode_family(&labels)?)?;
            }
        }

        let commits = house.commits();
        let mut ended = encoder.encode_descriptor(
            "commits",
            "Changes of the store, by outcome",
            None,
            MetricType::Counter,
        )?;
        for (outcome, count) in commits.counts() {
            ConstCounter::new(count).encode(ended.encode_family(&[("outcome", outcome)])?)?;
        }
        let took = commits.took();
        let all = took.iter().map(|(_, count)| count).sum();
        encoder
            .encode_descriptor(
                "commit_seconds",
                "How long changes of the store took",
                None,
                MetricType::Histogram,
            )?
            .encode_histogram::<NoLabelSet>(commits.seconds(), all, &took, None)
    }
}

/// Whole numbers are exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nothing in memory is so many")]
fn count(number: usize) -> f64 {
    number as f64
}

/// What the system says of this process, under the names that everybody gives it.
#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        if let Some(spent) = system::cpu("self") {
            let spent = ConstCounter::new(spent.as_secs_f64());
            let (name, help) = ("process_cpu_seconds", "CPU time taken since the start");
            spent.encode(encoder.encode_descriptor(name, help, None, spent.metric_type())?)?;
        }
        if let Some(bytes) = system::resident() {
            let bytes = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
            let (name, help) = ("process_resident_memory_bytes", "Memory in use");
            bytes.encode(encoder.encode_descriptor(name, help, None, bytes.metric_type())?)?;
        }
        Ok(())
    }
}

/// OpenMetrics as its forerunner (text form 0.0.4), in which a family has the name of its samples.
fn classic(open: &str) -> String {
    let lines: Vec<_> = open.lines().collect();
    let kind_of = |family: &str| {
        lines.iter().find_map(|line| line.strip_prefix("# TYPE ")?.strip_prefix(family)?.strip_prefix(' '))
    };
    let line = |line: &&str| -> Option<String> {
        let Some((word, rest)) =
            line.strip_prefix("# ").map(|told| told.split_once(' ').unwrap_or((told, "")))
        else {
            return Some((*line).to_owned());
        };
        let (family, told) = rest.split_once(' ')?;
        let (suffix, kind) = match kind_of(family)? {
            "counter" => ("_total", "counter"),
            "info" => ("_info", "gauge"),
            kind => ("", kind),
        };
        match word {
            "HELP" => Some(format!("# HELP {family}{suffix} {told}")),
            "TYPE" => Some(format!("# TYPE {family}{suffix} {kind}")),
            _ => None,
        }
    };
    lines.iter().filter_map(line).fold(String::with_capacity(open.len()), |text, line| text + &line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_before_has_the_same_samples() {
        let open = "# HELP a_b Some.\n# TYPE a_b counter\n# UNIT a_b b\na_b_total{c=\"# d\"} 1\n\
                    # HELP e What.\n# TYPE e info\ne_info{f=\"g\"} 1\n# HELP h Now.\n# TYPE h gauge\nh 2\n# EOF\n";
        let before = "# HELP a_b_total Some.\n# TYPE a_b_total counter\na_b_total{c=\"# d\"} 1\n\
                      # HELP e_info What.\n# TYPE e_info gauge\ne_info{f=\"g\"} 1\n# HELP h Now.\n# TYPE h gauge\nh 2\n";
        assert_eq!(classic(open), before);
    }
}
