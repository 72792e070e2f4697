//! Whose certificates count besides those of the authorities that the machine trusts, and what is said of one that does
//! not count.

use crate::cli::exit::Failure;
use crate::reach::innermost;
use reqwest::ClientBuilder;
use std::path::Path;

/// Connections that trust the authorities in this file too (PEM).
pub fn with_authorities(http: ClientBuilder, ca_file: Option<&Path>) -> Result<ClientBuilder, Failure> {
    let Some(path) = ca_file else { return Ok(http) };
    let wrong = |why: String| Failure::usage(format!("ca_file {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|why| wrong(why.to_string()))?;
    let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(|why| wrong(innermost(&why)))?;
    if authorities.is_empty() {
        return Err(wrong("holds no certificate".into()));
    }
    Ok(http.tls_certs_merge(authorities))
}

/// What is wrong with the server's certificate, and what to do about it, if that is why there is no connection.
pub fn distrusted(cause: &str) -> Option<(String, &'static str)> {
    if !cause.contains("certificate") {
        return None;
    }
    let (why, advice) = if cause.contains("UnknownIssuer") {
        (
            "nobody whom this machine trusts has signed it",
            "check the address, or name its authority with ca_file in the profile",
        )
    } else if cause.contains("CaUsedAsEndEntity") {
        (
            "it is an authority's own, which no server may show",
            "give the server one that is made with basicConstraints=CA:FALSE",
        )
    } else if cause.contains("not valid for name") || cause.contains("NotValidForName") {
        ("it is for another name", "check the address")
    } else if cause.contains("expired") || cause.contains("Expired") {
        ("it has ended", "renew it, or set this machine's clock")
    } else {
        (cause, "check the address, or name its authority with ca_file in the profile")
    };
    Some((format!("shows a certificate that is not trusted ({why})"), advice))
}
