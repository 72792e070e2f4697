//! Dynatrace's API tokens: the vendor's words and query languages. Kept out: rules, storage, and other dialects.

pub mod fields;
pub mod selector;
pub mod sort;
pub mod words;
