//! Our own permission words.

use counterfoil_core::catalogue::Word;

const fn word(word: &'static str, scopes: &'static [&'static str], title: &'static str) -> Word {
    Word { word, scopes, title, creatable: true, personal: true }
}

/// Every word that begins with `counterfoil.`, and `*`.
pub(super) const WORDS: &[Word] = &[
    word("*", &["*"], "Everything, now and later"),
    word("counterfoil.tokens.read", &["counterfoil.tokens.read"], "See all tokens of the realm"),
    word("counterfoil.tokens.write", &["counterfoil.tokens.write"], "Issue, edit, rotate and revoke tokens"),
    word(
        "counterfoil.tokens.mint",
        &["counterfoil.tokens.mint"],
        "Give any scope that is not Counterfoil's own",
    ),
    word("counterfoil.tokens.verify", &["counterfoil.tokens.verify"], "Ask whether tokens count"),
    word("counterfoil.principals.read", &["counterfoil.principals.read"], "See principals"),
    word("counterfoil.principals.write", &["counterfoil.principals.write"], "Make and change principals"),
    word("counterfoil.roles.read", &["counterfoil.roles.read"], "See roles"),
    word("counterfoil.roles.write", &["counterfoil.roles.write"], "Make and change roles"),
    word("counterfoil.realms.read", &["counterfoil.realms.read"], "See realms"),
    word("counterfoil.realms.write", &["counterfoil.realms.write"], "Make and change realms"),
    word("counterfoil.signing-keys.read", &["counterfoil.signing-keys.read"], "See signing keys"),
    word("counterfoil.signing-keys.write", &["counterfoil.signing-keys.write"], "Rotate signing keys"),
    word("counterfoil.journal.read", &["counterfoil.journal.read"], "Read the journal"),
    word("counterfoil.gates.read", &["counterfoil.gates.read"], "See gates"),
    word("counterfoil.gates.write", &["counterfoil.gates.write"], "Make and change gates"),
    word("counterfoil.sessions.read", &["counterfoil.sessions.read"], "See sessions"),
    word("counterfoil.sessions.write", &["counterfoil.sessions.write"], "End sessions"),
];
