//! `precedent init`.

use crate::encoders;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{counted, stdout};
use clap::{Args, ValueEnum};
use precedent_engine::{Definition, Encoder, Engine, LocalSpace};
use precedent_model::{FieldKind, FieldSchema};
use precedent_report::{Lexicon, LexiconFile};
use precedent_vector::{Metric, VectorSpace};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Directory of the index: new or empty
    pub dir: PathBuf,
    /// What the index is made for; the bundled chest-xray definition if not given
    #[arg(long, value_name = "FILE")]
    pub definition: Option<PathBuf>,
    /// Name under which a server offers the index
    #[arg(long)]
    pub name: Option<String>,
    /// One line that says what the index holds
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Findings, phrases and headings of your own, added to the bundled lexicon
    #[arg(long, value_name = "FILE")]
    pub lexicon: Option<PathBuf>,
    /// Encoder for images and words, by name; the bundled one is phantom-cxr
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dimension", "encoder_id", "encoder_dir"])]
    pub encoder: Option<String>,
    /// Folder of an encoder of your own, in place of --encoder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dimension", "encoder_id"])]
    pub encoder_dir: Option<PathBuf>,
    /// Numbers per embedding, 16 to 4096
    #[arg(long, requires = "encoder_id")]
    pub dimension: Option<usize>,
    /// How embeddings are compared
    #[arg(long, value_enum, default_value_t = MetricName::Cosine, requires = "dimension")]
    pub metric: MetricName,
    /// Which encoder makes the embeddings, with its version
    #[arg(long, value_name = "ID", requires = "dimension")]
    pub encoder_id: Option<String>,
    /// One more field: keyword, keywords, integer, number or date
    #[arg(long = "field", value_name = "NAME=KIND")]
    pub fields: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricName {
    Cosine,
    Dot,
    L2,
}

pub fn run(args: &InitArgs) -> Outcome {
    let encoder = encoder(args)?;
    let definition = definition(args, encoder.as_deref())?;
    definition.check_new().map_err(Failure::input)?;
    Engine::create(&args.dir, &definition).map_err(|error| Failure::from(error).about(args.dir.display()))?;
    let space = match &definition.image_space {
        Some(space) => {
            format!("{} numbers of {}, {}", space.dimension(), space.encoder_id(), space.metric().name())
        }
        None => "none, reports only (--encoder, or --dimension and --encoder-id add one)".to_owned(),
    };
    let mut out = stdout();
    writeln!(out, "{}: an empty index \"{}\"", args.dir.display(), definition.name)?;
    writeln!(out, "embeddings: {space}")?;
    if let Some(notice) = encoder.as_ref().and_then(|encoder| encoder.notice()) {
        writeln!(out, "note: {notice}")?;
    }
    let fields: Vec<&str> = definition.fields.iter().map(|(name, _)| name).collect();
    writeln!(out, "fields: {}", fields.join(" "))?;
    if let Some(path) = &args.lexicon {
        let findings = counted(definition.lexicon.findings.len() as u64, "finding", "findings");
        writeln!(out, "lexicon: the bundled one with {} ({findings})", path.display())?;
    }
    Ok(Exit::Done)
}

/// The encoder that the index is made for, where one is named.
fn encoder(args: &InitArgs) -> Result<Option<Arc<Encoder>>, Failure> {
    if let Some(dir) = &args.encoder_dir {
        return encoders::open(dir).map(Some);
    }
    let Some(name) = &args.encoder else { return Ok(None) };
    let bundled = Encoder::bundled().map_err(Failure::other)?;
    if *name != bundled.description().name {
        let bundled = &bundled.description().name;
        return Err(Failure::input(format!(
            "--encoder {name}: the bundled encoder is {bundled}; give the folder of another one with --encoder-dir"
        )));
    }
    Ok(Some(bundled))
}

fn definition(args: &InitArgs, encoder: Option<&Encoder>) -> Result<Definition, Failure> {
    let mut definition = match &args.definition {
        None => Definition::chest_xray().map_err(Failure::input)?,
        Some(path) => {
            let about = |error: Failure| error.about(path.display());
            let text = std::fs::read_to_string(path).map_err(|error| about(Failure::input(error)))?;
            Definition::from_toml(&text).map_err(|error| about(Failure::input(error)))?
        }
    };
    if let Some(name) = &args.name {
        definition = definition.named(name).map_err(Failure::input)?;
    }
    if let Some(description) = &args.description {
        definition.description.clone_from(description);
    }
    if let Some(path) = &args.lexicon {
        definition.lexicon = lexicon(path).map_err(|error| error.about(path.display()))?;
    }
    if let Some(space) = space(args, encoder)? {
        definition.image_space = Some(space);
    }
    // An encoder of longer vectors has none that an index keeps.
    let local =
        |encoder: &Encoder| LocalSpace::new(encoder.id(), encoder.description().architecture.joint).ok();
    if let Some(space) = encoder.and_then(local) {
        definition.local_space = Some(space);
    }
    if !args.fields.is_empty() {
        let known = definition.fields.iter().map(|(name, kind)| (name.to_owned(), kind));
        let added = args.fields.iter().map(|text| field(text)).collect::<Result<Vec<_>, _>>()?;
        definition.fields = FieldSchema::new(known.chain(added)).map_err(Failure::input)?;
    }
    Ok(definition)
}

/// The image space that the flags ask for.
fn space(args: &InitArgs, encoder: Option<&Encoder>) -> Result<Option<VectorSpace>, Failure> {
    let space = match (encoder, args.dimension, &args.encoder_id) {
        (Some(encoder), _, _) => VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id()),
        (None, Some(dimension), Some(encoder_id)) => {
            let metric = match args.metric {
                MetricName::Cosine => Metric::Cosine,
                MetricName::Dot => Metric::Dot,
                MetricName::L2 => Metric::L2,
            };
            VectorSpace::new(dimension, metric, encoder_id)
        }
        _ => return Ok(None),
    };
    space.map(Some).map_err(Failure::input)
}

/// A lexicon of the site's own, tried together with the bundled one so that trouble is told here, by its file.
fn lexicon(path: &Path) -> Result<LexiconFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(Failure::input)?;
    let file = LexiconFile::from_toml(&text).map_err(Failure::input)?;
    Lexicon::with_site(&file).map_err(Failure::input)?;
    Ok(file)
}

fn field(text: &str) -> Result<(String, FieldKind), Failure> {
    const KINDS: [FieldKind; 5] =
        [FieldKind::Keyword, FieldKind::Keywords, FieldKind::Integer, FieldKind::Number, FieldKind::Date];
    let kind = |name: &str| KINDS.into_iter().find(|kind| kind.name() == name);
    (text.split_once('=')).and_then(|(name, kind_name)| Some((name.to_owned(), kind(kind_name)?))).ok_or_else(
        || {
            let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
            Failure::input(format!("--field {text}: write NAME=KIND, kinds are {}", kinds.join(", ")))
        },
    )
}
