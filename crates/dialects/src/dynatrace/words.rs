//! The scopes of Dynatrace tokens, spelt, titled and ordered as the vendor does, and which of them a new token may have.
//!
//! Kept out: who may give what (that is `core::authority`).

use counterfoil_core::catalogue::Word;

/// Lists and shows tokens.
pub const READ: &str = "apiTokens.read";
/// Makes, changes and deletes tokens.
pub const WRITE: &str = "apiTokens.write";
/// Everything on the first version of the token API.
pub const MANAGE: &str = "TenantTokenManagement";

/// Whether personal access tokens may have the scope, or only API tokens.
const PERSONAL: bool = true;
const API: bool = false;

/// Every word means itself: a scope is never translated. After the `;` come those that no new token may have.
macro_rules! words {
    ($(($word:literal, $title:literal, $personal:expr)),* $(,)?; $(($shown:literal, $about:literal)),* $(,)?) => {
        &[
            $(Word { word: $word, scopes: &[$word], title: $title, creatable: true, personal: $personal },)*
            $(Word { word: $shown, scopes: &[$shown], title: $about, creatable: false, personal: false },)*
        ]
    };
}

/// The word of that spelling.
pub fn find(word: &str) -> Option<&'static Word> {
    WORDS.iter().find(|known| known.word == word)
}

/// The words that a new token may have.
pub fn creatable() -> impl Iterator<Item = &'static str> {
    WORDS.iter().filter(|word| word.creatable).map(|word| word.word)
}

/// The 91 of the vendor's documentation and `AppMonIntegration`, which only the rebranded product still has; then what
/// real clients still send though the vendor dropped it, and what only its page on personal tokens names; last what
/// the vendor's own internal tokens have.
pub const WORDS: &[Word] = words![
    ("InstallerDownload", "PaaS integration - Installer download", API),
    ("DataExport", "Access problem and event feed, metrics, and topology", API),
    ("PluginUpload", "Upload Extension", API),
    ("SupportAlert", "PaaS integration - Support alert", API),
    ("AdvancedSyntheticIntegration", "Dynatrace module integration - Synthetic Classic", API),
    ("ExternalSyntheticIntegration", "Create and read synthetic monitors, locations, and nodes", API),
    ("AppMonIntegration", "Dynatrace module integration - AppMon", API),
    ("RumBrowserExtension", "RUM Browser Extension", API),
    ("LogExport", "Read logs", API),
    ("ReadConfig", "Read configuration", API),
    ("WriteConfig", "Write configuration", API),
    ("DTAQLAccess", "User sessions", API),
    ("UserSessionAnonymization", "Anonymize user session data for data privacy reasons", API),
    ("DataPrivacy", "Change data privacy settings", API),
    ("CaptureRequestData", "Capture request data", API),
    ("Davis", "Dynatrace module integration - Davis", API),
    ("DssFileManagement", "Mobile symbolication file management", API),
    ("RumJavaScriptTagManagement", "Real user monitoring JavaScript tag management", API),
    ("TenantTokenManagement", "Token management", API),
    ("ActiveGateCertManagement", "ActiveGate certificate management", API),
    ("RestRequestForwarding", "Fetch data from a remote environment", API),
    ("ReadSyntheticData", "Read synthetic monitors, locations, and nodes", API),
    ("DataImport", "Data ingest, e.g.: metrics and events", API),
    ("syntheticExecutions.write", "Write synthetic monitor executions", API),
    ("syntheticExecutions.read", "Read synthetic monitor execution results", API),
    ("auditLogs.read", "Read audit logs", API),
    ("metrics.read", "Read metrics", PERSONAL),
    ("metrics.write", "Write metrics", PERSONAL),
    ("entities.read", "Read entities", PERSONAL),
    ("entities.write", "Write entities", PERSONAL),
    ("problems.read", "Read problems", PERSONAL),
    ("problems.write", "Write problems", PERSONAL),
    ("events.read", "Read events", PERSONAL),
    ("events.ingest", "Ingest events", PERSONAL),
    ("openpipeline.events", "OpenPipeline - Ingest Events (Built-in)", API),
    ("openpipeline.events.custom", "OpenPipeline - Ingest Events (Custom)", API),
    ("openpipeline.events_security", "OpenPipeline - Ingest Security Events (Built-in)", API),
    ("openpipeline.events_security.custom", "OpenPipeline - Ingest Security Events (Custom)", API),
    (
        "openpipeline.events_sdlc",
        "OpenPipeline - Ingest Software Development Lifecycle Events (Built-in)",
        API
    ),
    (
        "openpipeline.events_sdlc.custom",
        "OpenPipeline - Ingest Software Development Lifecycle Events (Custom)",
        API
    ),
    ("openpipeline.events_smartscape", "OpenPipeline - Ingest Smartscape Events (Built-in)", API),
    ("bizevents.ingest", "Ingest bizevents", API),
    ("networkZones.read", "Read network zones", PERSONAL),
    ("networkZones.write", "Write network zones", PERSONAL),
    ("activeGates.read", "Read ActiveGates", PERSONAL),
    ("activeGates.write", "Write ActiveGates", PERSONAL),
    ("activeGateTokenManagement.read", "Read ActiveGate tokens", API),
    ("activeGateTokenManagement.create", "Create ActiveGate tokens", API),
    ("activeGateTokenManagement.write", "Write ActiveGate tokens", API),
    ("agentTokenManagement.read", "Read Agent tokens", API),
    ("credentialVault.read", "Read credential vault entries", API),
    ("credentialVault.write", "Write credential vault entries", API),
    ("extensions.read", "Read extensions", PERSONAL),
    ("extensions.write", "Write extensions", PERSONAL),
    ("extensionConfigurations.read", "Read extension monitoring configurations", PERSONAL),
    ("extensionConfigurations.write", "Write extension monitoring configurations", PERSONAL),
    ("extensionEnvironment.read", "Read extension environment configurations", API),
    ("extensionEnvironment.write", "Write extension environment configurations", API),
    ("metrics.ingest", "Ingest metrics", API),
    ("attacks.read", "Read attacks", PERSONAL),
    ("attacks.write", "Write Application Protection settings", PERSONAL),
    ("securityProblems.read", "Read security problems", PERSONAL),
    ("securityProblems.write", "Write security problems", PERSONAL),
    ("syntheticLocations.read", "Read synthetic locations", API),
    ("syntheticLocations.write", "Write synthetic locations", API),
    ("settings.read", "Read settings", PERSONAL),
    ("settings.write", "Write settings", PERSONAL),
    ("tenantTokenRotation.write", "Tenant token rotation", API),
    ("slo.read", "Read SLO", PERSONAL),
    ("slo.write", "Write SLO", PERSONAL),
    ("releases.read", "Read releases", PERSONAL),
    ("apiTokens.read", "Read API tokens", PERSONAL),
    ("apiTokens.write", "Write API tokens", PERSONAL),
    ("openTelemetryTrace.ingest", "Ingest OpenTelemetry traces", API),
    ("logs.read", "Read logs", API),
    ("logs.ingest", "Ingest logs", API),
    ("geographicRegions.read", "Read Geographic regions", PERSONAL),
    ("oneAgents.read", "Read OneAgents", PERSONAL),
    ("oneAgents.write", "Write OneAgents", PERSONAL),
    ("traces.lookup", "Look up a single trace", PERSONAL),
    ("unifiedAnalysis.read", "Read Unified Analysis page", PERSONAL),
    ("hub.read", "Read Hub related data", PERSONAL),
    ("hub.write", "Manage metadata of Hub items", PERSONAL),
    ("hub.install", "Install and update Hub items", PERSONAL),
    ("javaScriptMappingFiles.read", "Read JavaScript mapping files", PERSONAL),
    ("javaScriptMappingFiles.write", "Write JavaScript mapping files", PERSONAL),
    ("extensionConfigurationActions.write", "Actions for extension monitoring configurations", PERSONAL),
    ("rumCookieNames.read", "Read RUM cookie names", PERSONAL),
    ("adaptiveTrafficManagement.read", "Read sampling configuration for Adaptive Traffic Management", API),
    ("rumManualInsertionTags.read", "Read RUM manual insertion tags", API),
    ("extensionDiscoveryJmx.read", "Read discovered JMX metrics via extensions", API),
    ("extensionDiscoveryPmi.read", "Read discovered PMI metrics via extensions", API),
    ("DcrumIntegration", "Dynatrace module integration - DC RUM (deprecated)", API),
    ("LogImport", "Log import (deprecated)", API),
    ("MaintenanceWindows", "Maintenance windows (deprecated)", API),
    ("analyzers.read", "View analyzers", PERSONAL),
    ("analyzers.write", "Execute analyzers", PERSONAL);
    ("DiagnosticExport", "Diagnostic data export"),
    ("MemoryDump", "Memory dumps"),
    ("Mobile", "Mobile app"),
    ("ViewDashboard", "View a dashboard"),
    ("ViewReport", "View a report"),
    ("WriteSyntheticData", "Write synthetic data"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_core::scope::Scope;
    use std::collections::HashSet;

    /// What the rebranded product documents, in its order.
    const SEED: &str = "InstallerDownload DataExport PluginUpload SupportAlert AdvancedSyntheticIntegration \
                        ExternalSyntheticIntegration AppMonIntegration RumBrowserExtension LogExport \
                        ReadConfig WriteConfig DTAQLAccess UserSessionAnonymization DataPrivacy \
                        CaptureRequestData Davis DssFileManagement RumJavaScriptTagManagement \
                        TenantTokenManagement ActiveGateCertManagement RestRequestForwarding \
                        ReadSyntheticData DataImport syntheticExecutions.write syntheticExecutions.read \
                        auditLogs.read metrics.read metrics.write entities.read entities.write problems.read \
                        problems.write events.read events.ingest networkZones.read networkZones.write \
                        activeGates.read activeGates.write activeGateTokenManagement.read \
                        activeGateTokenManagement.create activeGateTokenManagement.write \
                        credentialVault.read credentialVault.write extensions.read extensions.write \
                        extensionConfigurations.read extensionConfigurations.write extensionEnvironment.read \
                        extensionEnvironment.write metrics.ingest securityProblems.read \
                        securityProblems.write syntheticLocations.read syntheticLocations.write \
                        settings.read settings.write tenantTokenRotation.write slo.read slo.write \
                        releases.read apiTokens.read apiTokens.write openTelemetryTrace.ingest logs.read \
                        logs.ingest geographicRegions.read hub.read oneAgents.read oneAgents.write \
                        traces.lookup hub.write";

    #[test]
    fn the_table_is_whole() {
        let words: HashSet<&str> = WORDS.iter().map(|word| word.word).collect();
        assert_eq!((WORDS.len(), words.len()), (103, 103));
        assert_eq!(creatable().count(), 92 + 5);
        assert_eq!(WORDS.iter().filter(|word| word.personal).count(), 41);
        for word in WORDS {
            assert!(Scope::parse(word.word).is_ok() && !word.title.is_empty(), "{word:?}");
            assert_eq!(word.scopes, [word.word]);
        }
        for own in [READ, WRITE, MANAGE] {
            assert!(words.contains(own), "{own}");
        }
    }

    #[test]
    fn every_word_of_the_rebranded_product_is_creatable() {
        let seed: HashSet<&str> = SEED.split(' ').collect();
        assert_eq!(seed.len(), 71);
        for word in seed {
            assert!(find(word).is_some_and(|known| known.creatable), "{word}");
        }
    }
}
