//! `precedent report`.
//!
//! It shows what the search sees: the same reader and the same lexicon, and no index.

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{stderr, stdout};
use crate::style::Style;
use crate::{lexicon_list, reading, reading_json};
use clap::Args;
use precedent_model::{FieldSchema, MAX_REPORT_BYTES, Report, SectionKind};
use precedent_report::{Lexicon, LexiconFile, ReportReader};
use precedent_sources::{ColumnMap, MAX_LINE_BYTES, Manifest, Source};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a text in another encoding begins with.
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A text, a JSON object, a manifest (.jsonl, .ndjson, .csv, .tsv, also .gz or .zst), or a folder of .txt files; - is standard input
    ///
    /// A JSON object holds `report`, or `indication`, `comparison`, `technique`, `findings` and `impression`, and may
    /// hold `case_id`.
    #[arg(required_unless_present = "findings", conflicts_with = "findings")]
    pub file: Option<PathBuf>,
    /// Findings, phrases and headings of your own, added to the bundled lexicon
    #[arg(long, value_name = "FILE")]
    pub lexicon: Option<PathBuf>,
    /// Names of the manifest's columns, where they differ from Precedent's
    #[arg(long, value_name = "FILE", requires = "file")]
    pub map: Option<PathBuf>,
    /// Only the row with this case id
    #[arg(long, value_name = "ID", requires = "file")]
    pub case_id: Option<String>,
    /// List the findings of the lexicon: id, name, RadLex id, phrases, what it is a kind of
    #[arg(long)]
    pub findings: bool,
    /// Print as JSON, one document per line and report
    ///
    /// Each has `sections` as signed, `sentences` with `runs` of words by assertion and `mentions` of findings, and the
    /// `findings` of the case. A span counts in the text of its section, in bytes of UTF-8 (startByte, endByte) and in
    /// code units of UTF-16 (startUtf16, endUtf16).
    #[arg(long)]
    pub json: bool,
}

pub fn run(args: &ReportArgs) -> Outcome {
    let lexicon = match &args.lexicon {
        Some(path) => Arc::new(site(path).map_err(|error| error.about(path.display()))?),
        None => Lexicon::bundled(),
    };
    let mut out = BufWriter::new(stdout());
    let style = if args.json { Style::PLAIN } else { Style::of_stdout() };
    let ended = match &args.file {
        None => lexicon_list::print(&mut out, &lexicon, args.json, style)
            .map(|()| Exit::Done)
            .map_err(Failure::from),
        Some(file) => {
            let shown =
                Shown { args, reader: ReportReader::new(lexicon), style, out: &mut out, reports: 0, rows: 0 };
            shown.file(file)
        }
    };
    out.flush()?;
    ended
}

fn site(path: &Path) -> Result<Lexicon, Failure> {
    let text = std::fs::read_to_string(path).map_err(Failure::input)?;
    LexiconFile::from_toml(&text).and_then(|file| Lexicon::with_site(&file)).map_err(Failure::input)
}

/// Where the reports are shown, and how many were.
struct Shown<'a, W> {
    args: &'a ReportArgs,
    reader: ReportReader,
    style: Style,
    out: &'a mut W,
    reports: u64,
    rows: u64,
}

impl<W: Write> Shown<'_, W> {
    fn file(mut self, file: &Path) -> Outcome {
        let extension = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if file.is_dir() || Source::is_manifest(file) {
            return self.manifest(file);
        }
        let about = |error: Failure| match file.as_os_str() == "-" {
            true => error.about("standard input"),
            false => error.about(file.display()),
        };
        if self.args.map.is_some() {
            let problem = "--map is for a manifest: .jsonl, .ndjson, .csv or .tsv";
            return Err(about(Failure::input(problem)));
        }
        let text = read(file).map_err(about)?;
        if text.trim_start().starts_with('{') || extension.eq_ignore_ascii_case("json") {
            return self.objects(&text).map_err(about);
        }
        if self.args.case_id.is_some() {
            return Err(about(Failure::input("--case-id picks a row of a manifest, and this is a text")));
        }
        let report = Report::new([(SectionKind::Body, text)]).map_err(Failure::input).map_err(about)?;
        self.report(None, &report)?;
        Ok(Exit::Done)
    }

    fn manifest(mut self, file: &Path) -> Outcome {
        let map = match &self.args.map {
            Some(path) => ColumnMap::open(path).map_err(Failure::input)?.for_reports(),
            None => ColumnMap::default(),
        };
        let mut rejected = false;
        let mut manifest = Manifest::open(file, &map, &FieldSchema::default()).map_err(Failure::input)?;
        for row in manifest.by_ref() {
            let row = row.map_err(Failure::other)?;
            match row.outcome {
                Ok(case) => {
                    self.row(Some(case.id.as_str()), case.report.as_ref())?;
                }
                Err(rejection) => {
                    rejected = true;
                    let said = format!(
                        "{} row {}: {}: {}; {}",
                        row.file.as_deref().unwrap_or(file).display(),
                        row.number,
                        rejection.field,
                        rejection.problem,
                        rejection.remedy
                    );
                    writeln!(stderr(), "rejected: {said}")?;
                }
            }
        }
        self.check_found(rejected).map_err(|error| error.about(file.display()))?;
        Ok(if rejected { Exit::SomeRejected } else { Exit::Done })
    }

    /// JSON objects, one after the other.
    fn objects(&mut self, text: &str) -> Outcome {
        for object in serde_json::Deserializer::from_str(text).into_iter::<Map<String, Value>>() {
            // The parser's own message may repeat a value, so only its place is used.
            let object = object.map_err(|error| {
                let (line, column) = (error.line(), error.column());
                Failure::input(format!("is no JSON object at line {line}, column {column}"))
            })?;
            let text = |name: &str| match object.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.as_str())),
                Some(_) => Err(Failure::input(format!("{name} is no text; write it in quotation marks"))),
            };
            let column = |kind: SectionKind| if kind == SectionKind::Body { "report" } else { kind.name() };
            let mut sections = Vec::new();
            for kind in SectionKind::ALL {
                sections.extend(text(column(kind))?.map(|text| (kind, text)));
            }
            sections.retain(|(_, text)| !text.trim().is_empty());
            let report = match sections.is_empty() {
                true => None,
                false => Some(Report::new(sections).map_err(Failure::input)?),
            };
            let id = text("case_id")?;
            self.row(id, report.as_ref())?;
        }
        self.check_found(false)?;
        Ok(Exit::Done)
    }

    /// Shows a row, unless another one was asked for.
    fn row(&mut self, case_id: Option<&str>, report: Option<&Report>) -> Result<(), Failure> {
        if self.args.case_id.as_deref().is_some_and(|wanted| case_id.map(str::trim) != Some(wanted.trim())) {
            return Ok(());
        }
        self.rows += 1;
        match report {
            Some(report) => self.report(case_id, report),
            None => Ok(()),
        }
    }

    fn report(&mut self, case_id: Option<&str>, report: &Report) -> Result<(), Failure> {
        let read = self.reader.read(report);
        let lexicon = self.reader.lexicon();
        if self.args.json {
            writeln!(self.out, "{}", reading_json::document(case_id, report, &read, lexicon))?;
        } else {
            if self.reports > 0 {
                writeln!(self.out)?;
            }
            reading::print(self.out, case_id, report, &read, self.style)?;
        }
        self.reports += 1;
        Ok(())
    }

    /// Nothing shown is an error, with its reason.
    fn check_found(&self, rejected: bool) -> Result<(), Failure> {
        let asked = self.args.case_id.is_some();
        let problem = match (self.rows, self.reports) {
            (_, 1..) => return Ok(()),
            (0, _) if rejected => return Ok(()),
            (0, _) if asked => "no row has the case id that was asked for",
            (0, _) => "no row was found",
            _ => {
                "no row holds a report: columns report, indication, comparison, technique, findings, impression; \
                 --map names others"
            }
        };
        Err(Failure::input(problem))
    }
}

/// A file, or standard input, as text.
fn read(file: &Path) -> Result<String, Failure> {
    // An object may be as long as a row of a manifest; a text must fit a report, which is checked when it is made.
    let most = MAX_LINE_BYTES.max(MAX_REPORT_BYTES);
    let mut bytes = Vec::new();
    let cut = most as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(cut).read_to_end(&mut bytes).map_err(Failure::input)?;
    } else {
        File::open(file)
            .and_then(|file| file.take(cut).read_to_end(&mut bytes))
            .map_err(|error| Failure::input(format!("cannot be read: {error}")))?;
    }
    if bytes.len() > most {
        let problem = format!("has more than {most} bytes; give one report, or a .jsonl manifest");
        return Err(Failure::input(problem));
    }
    if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(Failure::input("is UTF-16; save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Failure::input(format!("is not UTF-8 at byte {place}; save it as UTF-8"))
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Failure::input("holds no text"));
    }
    Ok(text)
}
