//! The demonstration, from nothing to an answer, and again from what is there.

use crate::support::Place;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn it_goes_from_nothing_to_a_sheet_and_starts_again_from_what_is_there() {
    let place = Place::new();
    let start = ["demo", "--studies", "24", "--listen", "127.0.0.1:0", "--exit"];
    let first = place.ok(&start);
    for said in [
        "precedent-demo/archive: 24 studies written",
        "precedent-demo/index: films and reports ingested in ",
        "it shows: ",
        "by image: the film alone",
        "24 of 24 cases match",
        "by text: pleural effusion and enlarged heart",
        "by both, where finding:\"pleural effusion\" AND age >= 60",
        "   1  PH001-",
        "image cosine 0.",
        "text bm25 ",
        "impression  ",
        "      consensus   ",
        " zone: ",
        "precedent-demo/page.html: why each of the five is shown",
        "precedent-demo/sheet.png: the film and its five nearest, side by side (demo encoder, not for clinical images)",
    ] {
        assert!(first.contains(said), "no {said:?} in {first}");
    }
    let sheet = std::fs::read(place.path("precedent-demo/sheet.png")).unwrap();
    assert!(sheet.starts_with(b"\x89PNG"));
    let page = std::fs::read_to_string(place.path("precedent-demo/page.html")).unwrap();
    assert!(page.matches("<article").count() == 5 && page.matches("data:image/jpeg").count() > 5);

    let second = place.ok(&start);
    assert!(second.contains("precedent-demo/archive: already there"), "{second}");
    assert!(second.contains("precedent-demo/index: already there"), "{second}");
    let answers = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("  PH001-")).map(str::to_owned).collect()
    };
    assert_eq!(answers(&first), answers(&second));
    assert!(answers(&first).len() > 5);

    let other = place.run(&["demo", "--studies", "23", "--listen", "127.0.0.1:0", "--exit"]);
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.err.contains("--dir"), "{}", other.err);
    let open = place.run(&["demo", "--studies", "24", "--listen", "0.0.0.0:0", "--exit"]);
    assert_eq!(open.code, 2, "{open:?}");
}

#[test]
fn it_serves_on_a_free_port_where_the_own_one_is_taken_until_it_is_interrupted() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = place.command(&["demo", "--studies", "6", "--listen", &address]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.find(|line| line.contains("is taken")).unwrap();
    let free = said.rsplit(' ').next().unwrap().to_owned();
    assert_ne!(free, address);
    // Another program of this machine can ask it, by the commands that are printed.
    let next: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("From Python")).collect();
    assert!(next.iter().any(|line| line.contains("precedent stats precedent-demo/index")), "{next:?}");
    let client = lines.find(|line| line.contains("Client(\"")).unwrap();
    assert!(client.contains(&free), "{client}");
    std::net::TcpStream::connect(&free).unwrap();
    let found = place.ok(&["search", "precedent-demo/index", "--filter", "age >= 0"]);
    assert!(found.contains("  PH001-"), "{found}");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_interrupted_start_goes_on() {
    let place = Place::new();
    let start = ["demo", "--studies", "70", "--listen", "127.0.0.1:0", "--exit"];
    let mut child = place.command(&start).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    // It says what it does before it begins.
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(place.ok(&start).contains("70 of 70 cases match"));
}
