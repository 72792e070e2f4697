//! Metrics in the OpenMetrics text form. Labels are bounded: nothing that a caller wrote becomes one.

use crate::system;
use counterfoil_core::authority::Authority;
use counterfoil_dialects::doorway::Answered;
use http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// The media type of what [`Metrics::text`] gives.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every metric of the server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Dialect, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    dialect: &'static str,
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Dialect {
    dialect: &'static str,
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
        Self { registry, requests, seconds }
    }

    /// Notes one answered request.
    pub(super) fn note(&self, answered: &Answered, method: &Method, status: StatusCode, took: Duration) {
        let (dialect, route) = (answered.dialect, answered.route.clone());
        let request = Request { dialect, route, method: known(method), status: status.as_u16() };
        self.requests.get_or_create(&request).inc();
        self.seconds.get_or_create(&Dialect { dialect }).observe(took.as_secs_f64());
    }

    /// The whole text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map(|()| text)
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
        let texts = ConstGauge::new(i64::try_from(self.0.index_len()).unwrap_or(i64::MAX));
        texts.encode(encoder.encode_descriptor(
            "index_texts",
            "Token texts that may count",
            None,
            texts.metric_type(),
        )?)?;
        let counts = ConstCounter::new(0_u64);
        let help = "Checks of credentials, by gate, dialect of the credential and outcome";
        let mut checks = encoder.encode_descriptor("checks", help, None, counts.metric_type())?;
        for (gate, tally) in self.0.tallies() {
            // No gate has this name.
            let gate = gate.as_ref().map_or("-", |gate| gate.name.as_str());
            for (dialect, outcome, count) in tally.counts() {
                let labels = [("gate", gate), ("dialect", dialect), ("outcome", outcome.as_str())];
                ConstCounter::new(count).encode(checks.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
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
