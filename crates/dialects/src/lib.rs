//! Wire protocols: one module a vendor, spelt as the vendor spells it. Kept out: rules, SQL, and any HTTP client.

pub mod dynatrace;
