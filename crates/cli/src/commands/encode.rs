//! `precedent encode`.

#[cfg(not(feature = "bert"))]
use crate::built;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::json;
use crate::output::{Stream, bar, counted, stderr, stdout};
use clap::Args;
#[cfg(feature = "bert")]
use precedent_encoder::BertText;
use precedent_encoder::{Encoder, EncoderError};
use precedent_sources::NpyWriter;
use precedent_wire::v1;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines that are encoded together, so that every thread has work.
const BATCH_LINES: usize = 64;
/// Longest file of a picture, as `index/IMAGE.md` has it. What is longer is cut, and refused by the reader for its length.
const MOST_FILE_BYTES: u64 = 256 << 20;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["texts", "lines", "images"])))]
#[command(
    after_help = "The vectors go into an index with init --dimension and --encoder-id, and ingest --embeddings; the id is \
                        printed with them. Without --out every vector is a line of numbers."
)]
pub struct EncodeArgs {
    /// A text to encode; may be given several times
    #[arg(long = "text", value_name = "TEXT", allow_hyphen_values = true)]
    pub texts: Vec<String>,
    /// A text per line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub lines: Option<PathBuf>,
    /// A DICOM, PNG or JPEG file to encode; may be given several times
    #[arg(long = "image", value_name = "FILE", conflicts_with = "text_encoder")]
    pub images: Vec<PathBuf>,
    /// Folder of a Precedent encoder, with encoder.toml; the bundled one if not given
    #[arg(long, value_name = "DIR", conflicts_with = "text_encoder")]
    pub encoder_dir: Option<PathBuf>,
    /// Hugging Face folder of a text encoder of the BERT layout
    ///
    /// It holds config.json, model.safetensors, and tokenizer.json or vocab.txt. The pooling of sentence-transformers
    /// (modules.json) is kept; without it a vector is the mean over the tokens, of length 1.
    #[arg(long, value_name = "DIR", hide = cfg!(not(feature = "bert")))]
    pub text_encoder: Option<PathBuf>,
    /// Write the vectors as .npy, float32, a row per text or image
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub out: Option<PathBuf>,
    /// Print each vector as a line of JSON, with its encoder id
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &EncodeArgs) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let tower = Tower::open(args)?;
    if let Some(notice) = tower.notice() {
        writeln!(stderr(), "note: {notice}")?;
    }
    let mut sink = Sink::open(args, &tower)?;
    if let Some(path) = &args.lines {
        lines(path, &tower, &mut sink, &interrupt).map_err(|error| error.about(path.display()))?;
    } else if args.images.is_empty() {
        let texts: Vec<&str> = args.texts.iter().map(String::as_str).collect();
        for vector in tower.texts(&texts).map_err(|(_, error)| Failure::input(error).about("--text"))? {
            sink.take(&vector)?;
        }
    } else {
        images(args, &tower, &mut sink, &interrupt)?;
    }
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    sink.finish(args, &tower)?;
    Ok(Exit::Done)
}

/// Encodes line after line. Each is a row of the vectors, so none may be passed over.
fn lines(path: &Path, tower: &Tower, sink: &mut Sink, interrupt: &Interrupt) -> Result<(), Failure> {
    let standard = path.as_os_str() == "-";
    let (mut input, total): (Box<dyn BufRead>, u64) = if standard {
        (Box::new(std::io::stdin().lock()), 0)
    } else {
        let file = File::open(path).map_err(Failure::input)?;
        let total = file.metadata().map_err(Failure::input)?.len();
        (Box::new(BufReader::new(file)), total)
    };
    let shown = bar(total, "bytes");
    let mut first = 1;
    let mut batch = Vec::new();
    while !interrupt.asked() && !sink.is_unread() {
        let more = read_batch(&mut input, first, &mut batch)?;
        let texts: Vec<&str> = batch.iter().map(|line: &String| line.trim_end()).collect();
        let vectors = tower.texts(&texts).map_err(|(at, error)| {
            let place = at.map_or_else(|| "lines".to_owned(), |at| format!("line {}", first + at));
            Failure::input(error).about(place)
        })?;
        for vector in &vectors {
            sink.take(vector)?;
        }
        first += batch.len();
        shown.inc(batch.iter().map(|line| line.len() as u64).sum());
        shown.set_message(counted(first as u64 - 1, "line", "lines"));
        if !more {
            break;
        }
    }
    shown.finish_and_clear();
    if first == 1 && !interrupt.asked() {
        return Err(Failure::input("it has no line; give a text per line"));
    }
    Ok(())
}

/// Reads the next lines, of which the first has the number `first`; `false` after the last.
fn read_batch(input: &mut dyn BufRead, first: usize, batch: &mut Vec<String>) -> Result<bool, Failure> {
    batch.clear();
    while batch.len() < BATCH_LINES {
        let mut bytes = Vec::new();
        if input.read_until(b'\n', &mut bytes).map_err(Failure::input)? == 0 {
            return Ok(false);
        }
        let number = first + batch.len();
        let line = String::from_utf8(bytes)
            .map_err(|_| Failure::input(format!("line {number}: is not UTF-8; save it as UTF-8")))?;
        batch.push(line);
    }
    Ok(true)
}

fn images(args: &EncodeArgs, tower: &Tower, sink: &mut Sink, interrupt: &Interrupt) -> Result<(), Failure> {
    let shown = bar(args.images.len() as u64, "images");
    for path in &args.images {
        if interrupt.asked() || sink.is_unread() {
            break;
        }
        let vector = tower.image(path).map_err(|error| error.about(path.display()))?;
        sink.take(&vector)?;
        shown.inc(1);
    }
    shown.finish_and_clear();
    Ok(())
}

/// The encoder that was asked for.
enum Tower {
    Ours(Arc<Encoder>),
    #[cfg(feature = "bert")]
    Bert(Box<BertText>),
}

impl Tower {
    fn open(args: &EncodeArgs) -> Result<Self, Failure> {
        let read = match (&args.text_encoder, &args.encoder_dir) {
            #[cfg(feature = "bert")]
            (Some(dir), _) => BertText::open(dir).map(|encoder| Self::Bert(Box::new(encoder))),
            #[cfg(not(feature = "bert"))]
            (Some(_), _) => return Err(built::without("bert", "--text-encoder")),
            (None, Some(dir)) => Encoder::open(dir).map(|encoder| Self::Ours(Arc::new(encoder))),
            (None, None) => Encoder::bundled().map(Self::Ours),
        };
        read.map_err(Failure::input)
    }

    fn id(&self) -> &str {
        match self {
            Self::Ours(encoder) => encoder.id(),
            #[cfg(feature = "bert")]
            Self::Bert(encoder) => encoder.id(),
        }
    }

    fn dimension(&self) -> usize {
        match self {
            Self::Ours(encoder) => encoder.dimension(),
            #[cfg(feature = "bert")]
            Self::Bert(encoder) => encoder.dimension(),
        }
    }

    fn notice(&self) -> Option<&str> {
        match self {
            Self::Ours(encoder) => encoder.notice(),
            #[cfg(feature = "bert")]
            Self::Bert(_) => None,
        }
    }

    /// The vectors of texts, or which of them failed, where that is known, and why.
    fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, (Option<usize>, EncoderError)> {
        match self {
            Self::Ours(encoder) => (texts.iter().enumerate())
                .map(|(at, text)| encoder.encode_text(text).map_err(|error| (Some(at), error)))
                .collect(),
            #[cfg(feature = "bert")]
            Self::Bert(encoder) => encoder.encode(texts).map_err(|error| match error {
                EncoderError::NoWordIn { number } => (Some(number), EncoderError::NoWord),
                other => (None, other),
            }),
        }
    }

    fn image(&self, path: &Path) -> Result<Vec<f32>, Failure> {
        let encoder = match self {
            Self::Ours(encoder) => encoder,
            #[cfg(feature = "bert")]
            Self::Bert(_) => {
                return Err(Failure::input("a text encoder sees no image; leave --text-encoder out"));
            }
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(Failure::input)?;
        let decoded = precedent_imaging::decode(&bytes).map_err(Failure::input)?;
        Ok(encoder.encode_image(&decoded.image).map_err(Failure::other)?.global)
    }
}

/// Where vectors go.
enum Sink {
    Npy(NpyWriter),
    Json { encoder_id: String, out: Stream<Stdout> },
    Plain(Stream<Stdout>),
}

impl Sink {
    fn open(args: &EncodeArgs, tower: &Tower) -> Result<Self, Failure> {
        Ok(match &args.out {
            Some(path) => Self::Npy(NpyWriter::create(path, tower.dimension()).map_err(Failure::other)?),
            None if args.json => Self::Json { encoder_id: tower.id().to_owned(), out: stdout() },
            None => Self::Plain(stdout()),
        })
    }

    fn take(&mut self, vector: &[f32]) -> Result<(), Failure> {
        match self {
            Self::Npy(writer) => writer.push(vector).map_err(Failure::other)?,
            Self::Json { encoder_id, out } => {
                let values = vector.to_vec();
                let embedding = v1::Embedding { values, encoder_id: encoder_id.clone() };
                writeln!(out, "{}", json::embedding(&embedding)?)?;
            }
            Self::Plain(out) => {
                let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
                writeln!(out, "{}", numbers.join(" "))?;
            }
        }
        Ok(())
    }

    /// Whether nobody reads the vectors any more.
    fn is_unread(&self) -> bool {
        match self {
            Self::Npy(_) => false,
            Self::Json { out, .. } | Self::Plain(out) => out.is_unread(),
        }
    }

    fn finish(self, args: &EncodeArgs, tower: &Tower) -> Result<(), Failure> {
        let (Self::Npy(writer), Some(path)) = (self, &args.out) else {
            if !args.json {
                writeln!(stderr(), "encoder {}", tower.id())?;
            }
            return Ok(());
        };
        let vectors = counted(writer.finish().map_err(Failure::other)?, "vector", "vectors");
        let (dimension, id) = (tower.dimension(), tower.id());
        let path = path.display();
        writeln!(stdout(), "{path}: {vectors} of {dimension} numbers, encoder {id}")?;
        Ok(())
    }
}
