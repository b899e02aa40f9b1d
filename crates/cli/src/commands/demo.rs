//! `precedent demo`: from nothing to a service with an archive, and a few searches of it.
//!
//! ```text
//! DIR/archive   phantoms as DICOM, with reports and a manifest
//! DIR/index     the index of them
//! DIR/query     one phantom of another seed, whose film is the query
//! DIR/sheet.png that film and the hits, side by side
//! DIR/page.html the answer as a page
//! ```
//!
//! Every part is made if it is missing and resumed if it was interrupted, so the same command again starts from what is
//! there.

use crate::commands::ingest::flags::DicomIds;
use crate::commands::ingest::{self, IngestArgs};
use crate::commands::init::{self, InitArgs, MetricName};
use crate::demo::ask::{Asking, FILTER, Query, TEXT};
use crate::encoders::EncoderDirs;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::listen;
use crate::output::{bar, count, stdout};
use crate::private_file;
use clap::Args;
use precedent_engine::{Access, Engine, EngineError, ErrorKind};
use precedent_phantom::{Archive, ArchiveParams, Format, PHANTOM_VERSION, PhantomError, write_archive};
use precedent_report::Lexicon;
use precedent_server::{Served, ServerConfig, serve_on};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Pixels on a side: enough for the encoder, and 2,000 studies fit the first minute.
const SIDE: u32 = 256;
const SEED: u64 = 1;
/// The archive whose first study asks. That study has what [`TEXT`] names.
const QUERY_SEED: u64 = 5;
/// How often a serving demonstration looks whether it is to end.
const WATCH: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
#[command(
    after_help = "The images are synthetic and show no real patient. The first run takes about a minute; later runs start \
                        from what is there. Press Ctrl-C to stop at any time."
)]
pub struct DemoArgs {
    /// Folder of the demo: new, or left by an earlier run
    #[arg(long, default_value = "precedent-demo", value_name = "DIR")]
    pub dir: PathBuf,
    /// Number of studies in its archive
    #[arg(long, default_value_t = 2000)]
    pub studies: usize,
    /// Loopback address to listen on; if its port is in use, a free one is taken
    #[arg(long, env = "PRECEDENT_LISTEN", default_value = "127.0.0.1:50051", value_name = "HOST:PORT", value_parser = listen::address)]
    pub listen: SocketAddr,
    /// Exit after the searches instead of serving on
    #[arg(long)]
    pub exit: bool,
}

pub fn run(args: &DemoArgs) -> Outcome {
    let began = Instant::now();
    let interrupt = Interrupt::listen()?;
    let place = Place::of(args);
    say(&format!(
        "Demo in {}: {} synthetic studies. Press Ctrl-C to stop; run the same command again to resume.\n",
        args.dir.display(),
        count(args.studies as u64)
    ))?;
    let made = place.make_archive(args.studies, &interrupt)?;
    if !made || !place.make_index(args.studies, &interrupt)? {
        return Ok(Exit::Interrupted);
    }
    let query = place.query()?;
    let engine = place.open(Access::Write)?;
    let notice = engine.notice().unwrap_or_default().to_owned();
    let served = Served::new(Arc::new(engine), &place.index);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shown = Shown { place: &place, query: &query, notice, began };
    runtime.block_on(serve(args, served, &shown, &interrupt))
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{text}")?)
}

/// What is asked, and where its answers go.
struct Shown<'a> {
    place: &'a Place,
    query: &'a Query,
    notice: String,
    began: Instant,
}

/// Serves, asks, and goes on serving until it is to end.
async fn serve(args: &DemoArgs, served: Served, shown: &Shown<'_>, interrupt: &Interrupt) -> Outcome {
    let listener = listen(args.listen).await?;
    let address = listener.local_addr()?;
    let config = ServerConfig { listen: address, ..ServerConfig::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        // A sender that is gone means the same as its message.
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve_on(listener, vec![served], config, shutdown));
    let asked = ask(shown, address).await;
    let serving = asked.is_ok() && !args.exit;
    if serving {
        what_next(shown, address)?;
        while !interrupt.asked() && !server.is_finished() {
            tokio::time::sleep(WATCH).await;
        }
    }
    let _ = stop.send(());
    server.await.map_err(Failure::other)?.map_err(Failure::other)?;
    asked?;
    // To end a service that was shown is no interruption.
    Ok(if interrupt.asked() && !serving { Exit::Interrupted } else { Exit::Done })
}

/// The address that was asked for, or a free one beside it where it is taken.
async fn listen(asked: SocketAddr) -> Result<TcpListener, Failure> {
    if !asked.ip().is_loopback() {
        let problem =
            "other machines can reach this address, but the server has no TLS; give a loopback address";
        return Err(Failure::input(format!("--listen {asked}: {problem}")));
    }
    let failed = |error: io::Error| Failure::other(format!("cannot listen on {asked}: {error}"));
    match TcpListener::bind(asked).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let listener = TcpListener::bind(SocketAddr::new(asked.ip(), 0)).await.map_err(failed)?;
            say(&format!("{asked} is taken by another program; serving on {}", listener.local_addr()?))?;
            Ok(listener)
        }
        other => other.map_err(failed),
    }
}

/// The searches, and the sheet of the first.
async fn ask(shown: &Shown<'_>, address: SocketAddr) -> Result<(), Failure> {
    let Shown { place, query, notice, began } = shown;
    say(&format!("serving {} on {address} (gRPC, plaintext, this machine only)", place.index.display()))?;
    say(&format!("\nQuery film, not one of these studies: {}", place.query_film(query).display()))?;
    say(&format!("      it shows: {}", query.truth.join(", ")))?;
    let mut asking = Asking::connect(address).await?;
    let answered = asking.ask_all(query).await?;
    let sheet = asking.sheet(query, &answered.answer.hits, &place.archive, notice)?;
    let page = asking.page(&answered).await?;
    private_file::write(&place.page, page.as_bytes())?;
    put(&place.sheet, &sheet).map_err(|error| Failure::from(error).about(place.sheet.display()))?;
    say(&format!(
        "\n{}: why each of the five is shown, and what speaks against it; open it in a browser\n\
         {}: the film and its five nearest, side by side ({notice})\n{:.1} s from start to here",
        place.page.display(),
        place.sheet.display(),
        began.elapsed().as_secs_f64()
    ))
}

fn what_next(shown: &Shown<'_>, address: SocketAddr) -> Result<(), Failure> {
    let Shown { place, query, .. } = shown;
    let program = program();
    let (index, film) = (quoted(&place.index), quoted(&place.query_film(query)));
    let archive = quoted(&place.archive);
    let python = format!("{:?}", place.query_film(query).display().to_string());
    say(&format!(
        "\nTo try next in another terminal, while this one keeps serving (Ctrl-C stops it):\n
  {program} search {index} --image {film} -k 3
  {program} search {index} --image {film} --html answer.html
  {program} search {index} --image-text 'large left pleural effusion' -k 3
  {program} search {index} --text '{TEXT}' --filter '{FILTER}'
  {program} search {index} --text 'no pneumothorax' --full -k 1
  {program} stats {index}
  head -n 1 {archive}/manifest.jsonl

From Python (pip install ./tools/python):

  from precedent_client import Client
  with Client(\"{address}\") as client:
      for hit in client.search(images={python}, text=\"pleural effusion\").hits:
          print(hit.rank, hit.case.case_id, hit.case.section(\"impression\"))
"
    ))
}

/// The program as it can be called again from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "precedent".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    quoted(path.strip_prefix(&here).unwrap_or(&path))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[expect(clippy::disallowed_methods, reason = "a sheet is no file of an index")]
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

/// The folders of a demonstration.
struct Place {
    archive: PathBuf,
    index: PathBuf,
    query: PathBuf,
    sheet: PathBuf,
    page: PathBuf,
}

impl Place {
    fn of(args: &DemoArgs) -> Self {
        let inside = |name: &str| args.dir.join(name);
        Self {
            archive: inside("archive"),
            index: inside("index"),
            query: inside("query"),
            sheet: inside("sheet.png"),
            page: inside("page.html"),
        }
    }

    fn query_film(&self, query: &Query) -> PathBuf {
        self.query.join(&query.name)
    }

    /// Makes the archive, or finds it whole; `false` when it was to stop.
    fn make_archive(&self, studies: usize, interrupt: &Interrupt) -> Result<bool, Failure> {
        let params = ArchiveParams { seed: SEED, studies, size: SIDE, ..ArchiveParams::default() };
        if self.has_archive(&params) {
            return say(&format!("{}: already there", self.archive.display())).map(|()| true);
        }
        let began = Instant::now();
        let shown = bar(studies as u64, "studies");
        let written = write_archive(&self.archive, params, &[Format::Dicom], &mut |done, _| {
            shown.set_position(done as u64);
            !interrupt.asked()
        });
        shown.finish_and_clear();
        match written {
            Ok(()) => {
                let took = began.elapsed().as_secs_f64();
                let studies = count(studies as u64);
                say(&format!("{}: {studies} studies written in {took:.1} s", self.archive.display()))?;
                Ok(true)
            }
            Err(PhantomError::Stopped { .. }) => Ok(false),
            Err(error @ PhantomError::OtherArchive { .. }) => {
                Err(Failure::input(format!("{error}; or name another folder with --dir")))
            }
            Err(error) => Err(Failure::other(error)),
        }
    }

    fn open(&self, access: Access) -> Result<Engine, Failure> {
        Engine::open(&self.index, access)
            .map_err(|error: EngineError| Failure::from(error).about(self.index.display()))
    }

    /// Takes the archive in, or finds it taken in; `false` when it was to stop.
    fn make_index(&self, studies: usize, interrupt: &Interrupt) -> Result<bool, Failure> {
        match Engine::open(&self.index, Access::Read) {
            Ok(engine) if engine.view().case_count() == studies => {
                return say(&format!("{}: already there", self.index.display())).map(|()| true);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                init::run(&self.init_args())?;
            }
            _ => {}
        }
        let began = Instant::now();
        match ingest::take_in(&self.ingest_args(), interrupt)? {
            Exit::Done => {
                let took = began.elapsed().as_secs_f64();
                say(&format!("{}: films and reports ingested in {took:.1} s", self.index.display()))?;
                Ok(true)
            }
            Exit::SomeRejected => {
                let problem = "refused a study of its own making; see rejected.jsonl beside it";
                Err(Failure::other(problem).about(self.index.display()))
            }
            Exit::Interrupted | Exit::Damaged | Exit::FallsShort => Ok(false),
        }
    }

    /// As `precedent init DIR/index --name demo --encoder phantom-cxr`.
    fn init_args(&self) -> InitArgs {
        InitArgs {
            dir: self.index.clone(),
            definition: None,
            name: Some("demo".to_owned()),
            description: Some("Synthetic chest radiographs".to_owned()),
            lexicon: None,
            encoder: Some("phantom-cxr".to_owned()),
            encoder_dir: None,
            dimension: None,
            metric: MetricName::Cosine,
            encoder_id: None,
            fields: Vec::new(),
        }
    }

    /// As `precedent ingest DIR/index DIR/archive/manifest.jsonl --images DIR/archive --merge`.
    fn ingest_args(&self) -> IngestArgs {
        IngestArgs {
            dir: self.index.clone(),
            sources: vec![self.archive.join("manifest.jsonl")],
            dicom_ids: DicomIds::AccessionNumber,
            map: None,
            update: false,
            replace_without: false,
            if_absent: false,
            embeddings: None,
            embeddings_per: None,
            encoder_id: None,
            images: Some(self.archive.clone()),
            encoders: EncoderDirs { encoder_dirs: Vec::new() },
            dry_run: false,
            rejected: self.archive.with_file_name("rejected.jsonl"),
            merge: true,
            no_merge: false,
        }
    }

    /// Whether the archive of these parameters is there whole: its manifest is written last.
    fn has_archive(&self, params: &ArchiveParams) -> bool {
        let Ok(text) = std::fs::read_to_string(self.archive.join("archive.json")) else { return false };
        let Ok(said) = serde_json::from_str::<serde_json::Value>(&text) else { return false };
        let number = |key: &str| said.get(key).and_then(serde_json::Value::as_u64);
        number("phantom_version") == Some(u64::from(PHANTOM_VERSION))
            && number("seed") == Some(params.seed)
            && number("studies") == Some(params.studies as u64)
            && number("size") == Some(u64::from(params.size))
            && self.archive.join("manifest.jsonl").exists()
    }

    /// The film that is asked with. It is made anew where it is missing, which takes no time to speak of.
    fn query(&self) -> Result<Query, Failure> {
        let params = ArchiveParams { seed: QUERY_SEED, studies: 1, size: SIDE, ..ArchiveParams::default() };
        let study =
            Archive::new(params.clone()).and_then(|archive| archive.study(0)).map_err(Failure::other)?;
        write_archive(&self.query, params, &[Format::Dicom], &mut |_, _| true).map_err(Failure::other)?;
        let name = format!("dicom/{}-1.dcm", study.case_id);
        let content =
            std::fs::read(self.query.join(&name)).map_err(|error| Failure::from(error).about(&name))?;
        let film = precedent_imaging::decode(&content).map_err(Failure::other)?.image;
        let lexicon = Lexicon::bundled();
        let named =
            |id: &str| lexicon.findings().find(|entry| entry.id == id).map(|entry| entry.name.clone());
        let truth =
            study.truth.iter().map(|finding| named(finding.id()).unwrap_or_else(|| finding.id().to_owned()));
        Ok(Query { name, film, content, truth: truth.collect() })
    }
}
