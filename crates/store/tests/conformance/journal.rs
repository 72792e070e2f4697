//! The journal keeps its lines in order, whole, and lets itself be asked.

use crate::house::House;
use crate::issue::{HOME, at, change};
use crate::records::principal;
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::realm::RealmId;
use counterfoil_core::store::{Change, JournalFilter};

laws!(lines_come_back_whole_and_in_order, lines_are_filtered);

fn line(subject: &str) -> Entry {
    Entry {
        sequence: 0,
        at: at(1),
        realm: HOME,
        actor: Some(principal(1).id),
        credential: Some("cf_abc".into()),
        action: Action::TokenEdit,
        subject: subject.to_owned(),
        detail: serde_json::json!({"name": ["old", "n'ew"], "a": null}).as_object().cloned().unwrap(),
    }
}

async fn write(house: &House, journal: Vec<Entry>) {
    house.commit(Change { journal, ..change(Vec::new()) }).await.unwrap();
}

async fn lines_come_back_whole_and_in_order(house: House) {
    let bare = Entry { actor: None, credential: None, detail: serde_json::Map::new(), ..line("b") };
    write(&house, vec![line("a"), bare.clone()]).await;
    write(&house, vec![line("c")]).await;
    let lines = house.store.journal(JournalFilter::default(), 9).await.unwrap();
    let numbered: Vec<Entry> = [line("a"), bare, line("c")]
        .into_iter()
        .zip(&lines)
        .map(|(line, kept)| Entry { sequence: kept.sequence, ..line })
        .collect();
    assert_eq!(lines, numbered);
    let spellings: Vec<_> = lines[0].detail.keys().collect();
    assert_eq!(spellings, ["name", "a"], "the order of particulars is kept");
    assert!(lines[0].sequence > 0 && lines.is_sorted_by(|one, next| one.sequence < next.sequence));

    let page = house.store.journal(JournalFilter { after: lines[0].sequence, ..JournalFilter::default() }, 1);
    assert_eq!(page.await.unwrap(), lines[1..2]);
}

async fn lines_are_filtered(house: House) {
    write(
        &house,
        vec![
            line("plain"),
            Entry { realm: RealmId(2), ..line("elsewhere") },
            Entry { action: Action::TokenRevoke, ..line("revoked") },
            Entry { actor: None, ..line("operator") },
            Entry { at: at(5), ..line("later") },
        ],
    )
    .await;
    let every = JournalFilter::default();
    let all = ["plain", "elsewhere", "revoked", "operator", "later"];
    assert_eq!(house.subjects(every.clone()).await, all);
    let one = async |filter, expected: &str| assert_eq!(house.subjects(filter).await, [expected]);
    one(JournalFilter { realm: Some(RealmId(2)), ..every.clone() }, "elsewhere").await;
    one(JournalFilter { action: Some(Action::TokenRevoke), ..every.clone() }, "revoked").await;
    one(JournalFilter { subject: Some("plain".into()), ..every.clone() }, "plain").await;
    one(JournalFilter { from: Some(at(5)), ..every.clone() }, "later").await;
    let by = JournalFilter { actor: Some(principal(1).id), to: Some(at(5)), ..every };
    assert_eq!(house.subjects(by).await, ["plain", "elsewhere", "revoked"]);
}
