//! `precedent init`.

use crate::args::{InitArgs, MetricName};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::counted;
use precedent_engine::{Definition, Engine};
use precedent_model::{FieldKind, FieldSchema};
use precedent_report::{Lexicon, LexiconFile};
use precedent_vector::{Metric, VectorSpace};
use std::io::Write;
use std::path::Path;

pub fn run(args: &InitArgs) -> Outcome {
    let definition = definition(args)?;
    definition.check_new().map_err(Failure::input)?;
    Engine::create(&args.dir, &definition).map_err(|error| Failure::from(error).about(args.dir.display()))?;
    let space = match &definition.image_space {
        Some(space) => {
            format!("{} numbers of {}, {}", space.dimension(), space.encoder_id(), space.metric().name())
        }
        None => "none, reports only (--dimension and --encoder-id add one)".to_owned(),
    };
    let mut out = std::io::stdout();
    writeln!(out, "{}: an empty index \"{}\"", args.dir.display(), definition.name)?;
    writeln!(out, "embeddings: {space}")?;
    let fields: Vec<&str> = definition.fields.iter().map(|(name, _)| name).collect();
    writeln!(out, "fields: {}", fields.join(" "))?;
    if let Some(path) = &args.lexicon {
        let findings = counted(definition.lexicon.findings.len() as u64, "finding", "findings");
        writeln!(out, "lexicon: the bundled one with {} ({findings})", path.display())?;
    }
    Ok(Exit::Done)
}

fn definition(args: &InitArgs) -> Result<Definition, Failure> {
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
    if let (Some(dimension), Some(encoder_id)) = (args.dimension, &args.encoder_id) {
        let metric = match args.metric {
            MetricName::Cosine => Metric::Cosine,
            MetricName::Dot => Metric::Dot,
            MetricName::L2 => Metric::L2,
        };
        let space = VectorSpace::new(dimension, metric, encoder_id).map_err(Failure::input)?;
        definition.image_space = Some(space);
    }
    if !args.fields.is_empty() {
        let known = definition.fields.iter().map(|(name, kind)| (name.to_owned(), kind));
        let added = args.fields.iter().map(|text| field(text)).collect::<Result<Vec<_>, _>>()?;
        definition.fields = FieldSchema::new(known.chain(added)).map_err(Failure::input)?;
    }
    Ok(definition)
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
