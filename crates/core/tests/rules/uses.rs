//! Last uses: noted without a write, written down soon, and never lost but in a crash.

use crate::house::{House, NATIVE, SECOND, START};
use crate::weather::Fault;
use counterfoil_core::authority::Ask;
use counterfoil_core::clock::from_millis;
use counterfoil_core::token::Use;

fn used(at: i64, address: &str) -> Use {
    Use { at: from_millis(at), address: address.parse().ok() }
}

fn from(house: &House, text: &str, address: &str) {
    let ask = Ask { address: address.parse().ok(), ..Ask::default() };
    house.authority.verify(text, &ask);
}

#[tokio::test]
async fn a_use_is_shown_at_once_and_written_by_the_next_flush() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    from(&house, issued.text.reveal(), "::ffff:10.0.0.1");
    let last = Some(used(START, "10.0.0.1"));
    let shown = house.authority.find(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    assert_eq!(shown.token.last_used, last);
    assert_eq!(house.stored(&issued.id).await.last_used, None);
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, last);
}

#[tokio::test]
async fn a_use_is_shown_while_it_is_written_down() {
    for seed in 1..100 {
        let house = House::new().await;
        let issued = house.token("admin", &["a"]).await;
        from(&house, issued.text.reveal(), "10.0.0.1");
        house.store.delay(seed);
        let looks = async {
            for _ in 0..10 {
                let shown = house.authority.find(&house.operator(), &NATIVE, &issued.id).await.unwrap();
                assert_eq!(shown.token.last_used, Some(used(START, "10.0.0.1")), "seed {seed}");
            }
        };
        let (flushed, ()) = tokio::join!(house.authority.flush(), looks);
        flushed.unwrap();
    }
}

#[tokio::test]
async fn only_what_counts_is_a_use() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.counts_for(issued.text.reveal(), "b");
    house.set_disabled("admin", true).await;
    house.counts(issued.text.reveal());
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, None);
}

#[tokio::test]
async fn each_use_between_two_flushes_leaves_the_last() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    from(&house, issued.text.reveal(), "10.0.0.1");
    house.pass(SECOND);
    from(&house, issued.text.reveal(), "10.0.0.2");
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, Some(used(START + 1_000, "10.0.0.2")));
    house.pass(SECOND);
    from(&house, issued.text.reveal(), "2001:db8::3");
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, Some(used(START + 2_000, "2001:db8::3")));
    house.pass(SECOND);
    from(&house, issued.text.reveal(), "255.255.255.255");
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, Some(used(START + 3_000, "255.255.255.255")));
}

#[tokio::test]
async fn a_flush_that_fails_is_made_good_by_the_next() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    from(&house, issued.text.reveal(), "10.0.0.1");
    house.store.set_down(true);
    assert!(house.authority.flush().await.is_err());
    house.store.set_down(false);
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, Some(used(START, "10.0.0.1")));
}

#[tokio::test]
async fn reading_the_index_anew_forgets_no_use() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    from(&house, issued.text.reveal(), "10.0.0.1");
    house.store.strike(&[Fault::Before]);
    assert!(house.try_issue(&house.operator(), &crate::house::ask(&["a"])).await.is_err());
    house.authority.tend().await.unwrap();
    let last = Some(used(START, "10.0.0.1"));
    assert_eq!(house.stored(&issued.id).await.last_used, last);
    let shown = house.authority.find(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    assert_eq!(shown.token.last_used, last);
}

#[tokio::test]
async fn an_edit_and_a_rotation_leave_the_last_use_alone() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    from(&house, issued.text.reveal(), "10.0.0.1");
    house.rotate(&issued.id, SECOND).await.unwrap();
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&issued.id).await.last_used, Some(used(START, "10.0.0.1")));
}
