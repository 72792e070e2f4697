//! Rotations that are disturbed: no secret is lost, and none becomes anybody else's.

use crate::support::place::{Place, Ran, finish};
use crate::support::raw::reply;
use std::fs::metadata;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};

/// A Datto RMM whose key is reset while `meanwhile` happens; and the place of its one profile.
fn resetting(meanwhile: impl FnOnce() + Send + 'static) -> (Place, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    place.write("key", "OLD:HUSH\n");
    place.write_profiles(&format!(
        "[profile.it]\nvendor = 'datto-rmm'\nserver = 'http://{}'\nsecret = {{ file = '../../key' }}\n",
        listener.local_addr().unwrap()
    ));
    let serve = move || {
        let granted = r#"{"access_token":"a.b.c","token_type":"bearer","expires_in":9,"scope":"","jti":""}"#;
        let made = r#"{"apiAccessKey":"NEW","apiSecretKey":"SECRET","userName":"u"}"#;
        let mut meanwhile = Some(meanwhile);
        for body in [granted, made] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            if body == made {
                meanwhile.take().unwrap()();
            }
            let answer = reply("200 OK\nContent-Type: application/json", body);
            stream.write_all(&answer).unwrap();
        }
    };
    (place, spawn(serve))
}

#[test]
fn an_interrupted_rotation_keeps_what_it_has_asked_for() {
    let (tell, pid) = channel::<u32>();
    let (place, vendor) = resetting(move || {
        let pid = pid.recv().unwrap().to_string();
        for signal in ["-INT", "-TERM", "-HUP"] {
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        }
    });
    let child = place.program().args(["rotate", "it", "--yes", "-q"]).stdin(Stdio::null()).spawn().unwrap();
    tell.send(child.id()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(place.read("key"), b"NEW:SECRET\n");
    vendor.join().unwrap();
}

#[test]
fn two_rotations_do_not_meet() {
    let (tell, other) = channel::<Command>();
    let (told, ran) = channel::<Ran>();
    let (place, vendor) = resetting(move || {
        told.send(finish(&mut other.recv().unwrap(), "")).unwrap();
    });
    let rotate = || {
        let mut command = place.program();
        command.args(["rotate", "it", "--yes", "-q"]);
        command
    };
    tell.send(rotate()).unwrap();
    let first = finish(&mut rotate(), "");
    assert_eq!(first.code, Some(0), "{first:?}");
    let second = ran.recv().unwrap();
    assert_eq!(second.code, Some(5), "{second:?}");
    assert!(second.refused().contains("another rotation is under way"));
    assert_eq!(place.read("key"), b"NEW:SECRET\n");
    vendor.join().unwrap();
}

#[test]
fn a_rotated_file_stays_whose_it_was() {
    let (place, vendor) = resetting(|| {});
    let root = metadata("/proc/self").unwrap().uid() == 0;
    if root {
        chown(place.file("key"), Some(65534), Some(65534)).unwrap();
    }
    place.allow("key", 0o640);
    place.run(&["rotate", "it", "--yes", "-q"]).printed();
    let after = metadata(place.file("key")).unwrap();
    assert_eq!((after.mode() & 0o777, after.uid() == 65534), (0o640, root));
    vendor.join().unwrap();
}
